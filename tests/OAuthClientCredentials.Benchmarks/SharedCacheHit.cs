using BenchmarkDotNet.Attributes;
using Microsoft.Extensions.DependencyInjection;

namespace OAuthClientCredentials.Benchmarks;

/// <summary>The cost of a cached token with a shared cache and without one. The shared cache is asked only for a new token.</summary>
[MemoryDiagnoser]
public class SharedCacheHit
{
    private readonly SharedCacheClient _alone = new();
    private readonly SharedCacheClient _sharing = new(services => services.AddDistributedMemoryCache());

    [GlobalSetup]
    public async Task SetUpAsync()
    {
        await _alone.GetTokenAsync();
        await _sharing.GetTokenAsync();
    }

    [GlobalCleanup]
    public async Task TearDownAsync()
    {
        await _alone.DisposeAsync();
        await _sharing.DisposeAsync();
    }

    [Benchmark(Baseline = true)]
    public ValueTask<AccessToken> NoSharedCache() => _alone.GetTokenAsync();

    [Benchmark]
    public ValueTask<AccessToken> WithSharedCache() => _sharing.GetTokenAsync();
}
