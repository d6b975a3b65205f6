using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using OAuthClientCredentials.Authentication;
using OAuthClientCredentials.Clients;
using OAuthClientCredentials.Testing;

namespace OAuthClientCredentials.Tests.Infrastructure;

/// <summary>A <see cref="TokenClient"/> with one client, over a handler of the test's, with a fake clock: one token request a call, nothing cached.</summary>
internal sealed class OneClient : IDisposable
{
    public const string Endpoint = "https://id.example.com/token";

    private readonly ClientCredentialsOptions _options = new() { TokenEndpoint = Endpoint, ClientId = "shop", ClientSecret = "secret", MaxRetries = 0 };
    private readonly HttpClient _httpClient;
    private readonly ClientSettingsProvider _registry;
    private int _sent;

    public OneClient(HttpMessageHandler handler, Action<ClientCredentialsOptions>? configure = null, TestTimeProvider? time = null, LogLines? log = null)
    {
        Time = time ?? new();
        configure?.Invoke(_options);
        ConfiguredClients directory = new([new("", null)], null);
        Assert.Empty(new ClientCredentialsOptionsValidator(directory).Validate("", _options).Failures ?? []);
        _httpClient = new(new Counting(handler, () => Interlocked.Increment(ref _sent))) { Timeout = Timeout.InfiniteTimeSpan };
        _registry = new(new FixedOptions(_options), null, directory, Time, NullLogger.Instance);
        Tokens = new(_registry, _ => _httpClient, Time, log ?? (Microsoft.Extensions.Logging.ILogger)NullLogger.Instance);
    }

    public OneClient(TestAuthorizationServer server, Action<ClientCredentialsOptions>? configure = null, LogLines? log = null)
        : this(server.CreateHandler(), configure, server.TimeProvider as TestTimeProvider, log)
    {
    }

    public TestTimeProvider Time { get; }

    public TokenClient Tokens { get; }

    /// <summary>Answers every token request with the same text.</summary>
    public static OneClient Answering(string json, HttpStatusCode status = HttpStatusCode.OK, Action<ClientCredentialsOptions>? configure = null) =>
        new(Scripted(TestResponse.Status(status, json, "application/json")), configure);

    /// <summary>A server that answers in one way only.</summary>
    public static TestAuthorizationServer Scripted(TestResponse answer)
    {
        TestAuthorizationServer server = new();
        server.Always(answer);
        return server;
    }

    /// <summary>Requests a token, and lets time pass while waits between attempts are pending.</summary>
    public async Task<AccessToken> GetAsync(TokenRequest? request = null)
    {
        int before = Volatile.Read(ref _sent);
        Task<AccessToken> token = Tokens.RequestTokenAsync(request: request);

        // It begins on another thread; no time passes before it has.
        for (int round = 0; round < 5000 && Volatile.Read(ref _sent) == before && !token.IsCompleted; round++)
        {
            await Task.Delay(1);
        }

        while (!await EndsAsync(token))
        {
            Time.Advance(TimeSpan.FromMilliseconds(50));
        }

        return await token;
    }

    public Task<TokenRequestException> FailAsync(TokenRequest? request = null) => Assert.ThrowsAsync<TokenRequestException>(() => GetAsync(request));

    public void Dispose()
    {
        _httpClient.Dispose();
        _registry.Dispose();
    }

    // Whether work ends without any time passing on the fake clock. The real millisecond lets other threads do their part of it.
    private static async Task<bool> EndsAsync(Task work)
    {
        for (int round = 0; round < 20 && !work.IsCompleted; round++)
        {
            await Task.Yield();
        }

        return work.IsCompleted || await Task.WhenAny(work, Task.Delay(1)) == work;
    }

    private sealed class Counting(HttpMessageHandler inner, Action count) : DelegatingHandler(inner)
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            count();
            return base.SendAsync(request, cancellationToken);
        }
    }
}
