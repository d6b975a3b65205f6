using System.Diagnostics;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.DependencyInjection;

namespace OAuthClientCredentials.Benchmarks;

/// <summary>
/// A client with a shared cache or without one. Its authorization server has no network and issues a new token each time.
/// </summary>
internal sealed class SharedCacheClient : IAsyncDisposable
{
    private readonly DirectoryInfo _keys = Directory.CreateTempSubdirectory("benchmark-keys");
    private readonly Clock _clock = new();
    private readonly ServiceProvider _services;
    private readonly ITokenProvider _tokens;
    private int _requests;

    public SharedCacheClient(Action<IServiceCollection>? registerStores = null)
    {
        ServiceCollection services = new();
        services.AddSingleton<TimeProvider>(_clock);
        IClientCredentialsBuilder clients = services.AddClientCredentials(TokenEndpoint.Configure)
            .ConfigureHttpClient(http => http.ConfigurePrimaryHttpMessageHandler(() => new NumberedTokens(this)).RemoveAllLoggers());
        if (registerStores is not null)
        {
            services.AddDataProtection().SetApplicationName("benchmark").PersistKeysToFileSystem(_keys);
            registerStores(services);
            clients.AddSharedTokenCache(o => o.KeyPrefix = _keys.Name); // each client has its own clock, so they share nothing
        }

        _services = services.BuildServiceProvider();
        _tokens = _services.GetRequiredService<ITokenProvider>();
    }

    public ValueTask<AccessToken> GetTokenAsync() => _tokens.GetTokenAsync();

    /// <summary>Lets the cached token expire, and requests a new one.</summary>
    public async Task<AccessToken> RequestTokenAsync()
    {
        int before = _requests;
        _clock.Advance(TimeSpan.FromHours(1));
        AccessToken token = await _tokens.GetTokenAsync();
        if (_requests != before + 1)
        {
            throw new InvalidOperationException("The token is from a cache, so that something else was measured.");
        }

        return token;
    }

    public async ValueTask DisposeAsync()
    {
        await _services.DisposeAsync();
        _keys.Delete(recursive: true);
    }

    private sealed class Clock : TimeProvider
    {
        private TimeSpan _offset;

        public void Advance(TimeSpan time) => _offset += time;

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + _offset;

        public override long GetTimestamp() => base.GetTimestamp() + (long)(_offset.TotalSeconds * Stopwatch.Frequency);
    }

    private sealed class NumberedTokens(SharedCacheClient client) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            string token = (++client._requests).ToString("D10", CultureInfo.InvariantCulture) + TokenEndpoint.Token[10..];
            string json = $$"""{"access_token":"{{token}}","token_type":"Bearer","expires_in":3600}""";
            return Task.FromResult(new HttpResponseMessage { Content = new StringContent(json, Encoding.UTF8, "application/json") });
        }
    }
}
