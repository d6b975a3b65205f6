using BenchmarkDotNet.Attributes;
using Microsoft.Extensions.Caching.Hybrid;
using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials.Caching;

namespace OAuthClientCredentials.Benchmarks;

/// <summary>What does a token cost that is at hand ?</summary>
[MemoryDiagnoser]
public class CachedGet
{
    private HandWrittenProvider _handWritten = null!;
    private TokenProvider _tokens = null!;
    private TokenSource _source = null!;
    private ServiceProvider _services = null!;
    private HybridCache _hybridCache = null!;
    private readonly string _client = "orders";
    private readonly string _scope = "orders.read";

    [GlobalSetup]
    public async Task SetUp()
    {
        _handWritten = new(TimeProvider.System, _ => Task.FromResult((TokenEndpoint.Token, TimeProvider.System.GetUtcNow().AddHours(1))));
        await _handWritten.GetTokenAsync();
        _tokens = TokenEndpoint.Provide();
        await _tokens.GetTokenAsync();
        _source = _tokens.GetSource("", null);
        ServiceCollection services = new();
        services.AddHybridCache();
        _services = services.BuildServiceProvider();
        _hybridCache = _services.GetRequiredService<HybridCache>();
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

    /// <summary>As the handler gets it: its source looked up once. The full way is taken once a second.</summary>
    [Benchmark]
    public ValueTask<AccessToken?> BySource() => _source.TryGet() is { } token ? new(token) : _source.GetAsync(CancellationToken.None);

    /// <summary>As a caller of ITokenProvider gets it.</summary>
    [Benchmark]
    public ValueTask<AccessToken> ByName() => _tokens.GetTokenAsync();

    /// <summary>As a provider on a general cache gets it, which keeps a token with its expiry under a key made from client and scopes.</summary>
    [Benchmark]
    public ValueTask<Entry> ByHybridCache() => _hybridCache.GetOrCreateAsync(
        $"client:{_client}::scope:{_scope}",
        static _ => ValueTask.FromResult(new Entry(TokenEndpoint.Token, TimeProvider.System.GetUtcNow().AddHours(1))));

    public sealed record Entry(string Token, DateTimeOffset ExpiresAt);
}
