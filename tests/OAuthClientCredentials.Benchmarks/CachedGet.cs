using BenchmarkDotNet.Attributes;
using Microsoft.Extensions.Caching.Hybrid;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Identity.Client;
using OAuthClientCredentials.Caching;
using TokenSource = OAuthClientCredentials.Caching.TokenSource;

namespace OAuthClientCredentials.Benchmarks;

/// <summary>The cost of a cached token .</summary>
[MemoryDiagnoser]
public class CachedGet
{
    private HandWrittenProvider _handWritten = null!;
    private TokenProvider _tokens = null!;
    private TokenSource _source = null!;
    private ServiceProvider _services = null!;
    private HybridCache _hybridCache = null!;
    private IConfidentialClientApplication _msal = null!;
    private readonly string _client = "orders";
    private readonly string _scope = "orders.read";
    private readonly string[] _scopes = ["api://orders/.default"];

    [GlobalSetup]
    public async Task SetUp()
    {
        _handWritten = new();
        await _handWritten.GetTokenAsync();
        _tokens = TokenEndpoint.CreateProvider();
        await _tokens.GetTokenAsync();
        _source = _tokens.GetSource("", null);
        ServiceCollection services = new();
        services.AddHybridCache();
        _services = services.BuildServiceProvider();
        _hybridCache = _services.GetRequiredService<HybridCache>();
        _msal = ConfidentialClientApplicationBuilder.Create("shop")
            .WithClientSecret("secret")
            .WithAuthority("https://login.microsoftonline.com/5c4ae37b-2f5a-4c3e-9d3b-0f0a7f1f8a10", validateAuthority: false)
            .WithInstanceDiscovery(false)
            .WithHttpClientFactory(new MsalHttp())
            .Build();
        await ByMsal();
    }

    [GlobalCleanup]
    public async Task TearDown()
    {
        _handWritten.Dispose();
        await _tokens.DisposeAsync();
        await _services.DisposeAsync();
    }

    [Benchmark(Baseline = true)]
    public ValueTask<string> HandWritten() => _handWritten.GetTokenAsync();

    /// <summary>From the source, as the handler gets it. The full path is taken once a second.</summary>
    [Benchmark]
    public ValueTask<AccessToken?> BySource() =>
        _source.TryGet() is { } token ? new(token) : _source.GetAsync(null, null, CancellationToken.None);

    /// <summary>From ITokenProvider.</summary>
    [Benchmark]
    public ValueTask<AccessToken> ByName() => _tokens.GetTokenAsync();

    /// <summary>From a general cache: a token and its expiry under a key of client and scope.</summary>
    [Benchmark]
    public ValueTask<Entry> ByHybridCache() => _hybridCache.GetOrCreateAsync(
        $"client:{_client}::scope:{_scope}",
        static _ => ValueTask.FromResult(new Entry(TokenEndpoint.Token, TimeProvider.System.GetUtcNow().AddHours(1))));

    [Benchmark]
    public Task<AuthenticationResult> ByMsal() => _msal.AcquireTokenForClient(_scopes).ExecuteAsync();

    public sealed record Entry(string Token, DateTimeOffset ExpiresAt);

    private sealed class MsalHttp : IMsalHttpClientFactory
    {
        private readonly HttpClient _client = new(new TokenEndpoint());

        public HttpClient GetHttpClient() => _client;
    }
}
