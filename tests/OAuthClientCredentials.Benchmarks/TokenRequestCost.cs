using System.Net.Http.Headers;
using System.Text.Json;
using BenchmarkDotNet.Attributes;
using Microsoft.Extensions.DependencyInjection;

namespace OAuthClientCredentials.Benchmarks;

/// <summary>The cost of a token request without a network. The baseline posts a form and reads two members.</summary>
[MemoryDiagnoser]
public class TokenRequestCost
{
    private ServiceProvider _services = null!;
    private TokenClient _ours = null!;
    private HttpClient _handWritten = null!;

    [GlobalSetup]
    public void SetUp()
    {
        ServiceCollection services = new();
        services.AddClientCredentials(TokenEndpoint.Configure)
            .ConfigureHttpClient(http => http.ConfigurePrimaryHttpMessageHandler(() => new TokenEndpoint()).RemoveAllLoggers());
        _services = services.BuildServiceProvider();
        _ours = _services.GetRequiredService<TokenClient>();
        _handWritten = new(new TokenEndpoint());
    }

    [GlobalCleanup]
    public ValueTask TearDown()
    {
        _handWritten.Dispose();
        return _services.DisposeAsync();
    }

    [Benchmark(Baseline = true)]
    public async Task<string> HandWritten()
    {
        using HttpRequestMessage request = new(HttpMethod.Post, "https://id.example.com/token");
        request.Content = new FormUrlEncodedContent([new("grant_type", "client_credentials")]);
        request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String("shop:secret"u8));
        using HttpResponseMessage response = await _handWritten.SendAsync(request);
        using JsonDocument document = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync());
        _ = document.RootElement.GetProperty("expires_in").GetInt32();
        return document.RootElement.GetProperty("access_token").GetString()!;
    }

    [Benchmark]
    public Task<AccessToken> Ours() => _ours.RequestTokenAsync();
}
