using BenchmarkDotNet.Attributes;
using Medallion.Threading;
using Medallion.Threading.Redis;
using Microsoft.Extensions.DependencyInjection;
using StackExchange.Redis;

namespace OAuthClientCredentials.Benchmarks;

/// <summary>
/// The additional cost of a token request with a shared cache: look, lock, look again, write, release. The token request itself has no
/// network.
/// </summary>
[MemoryDiagnoser]
public class SharedCacheRequest
{
    private GarnetProcess _garnet = null!;
    private ConnectionMultiplexer _redis = null!;
    private SharedCacheClient _alone = null!;
    private SharedCacheClient _inMemory = null!;
    private SharedCacheClient _onGarnet = null!;
    private SharedCacheClient _onGarnetWithLock = null!;

    [GlobalSetup]
    public async Task SetUpAsync()
    {
        _garnet = new();
        _redis = await ConnectionMultiplexer.ConnectAsync(_garnet.Address);
        _alone = new();
        _inMemory = new(services => services.AddDistributedMemoryCache());
        _onGarnet = new(AddGarnet);
        _onGarnetWithLock = new(services =>
        {
            AddGarnet(services);
            services.AddSingleton<IDistributedLockProvider>(new RedisDistributedSynchronizationProvider(_redis.GetDatabase()));
        });
    }

    [GlobalCleanup]
    public async Task TearDownAsync()
    {
        await _alone.DisposeAsync();
        await _inMemory.DisposeAsync();
        await _onGarnet.DisposeAsync();
        await _onGarnetWithLock.DisposeAsync();
        await _redis.DisposeAsync();
        _garnet.Dispose();
    }

    [Benchmark(Baseline = true)]
    public Task<AccessToken> NoSharedCache() => _alone.RequestTokenAsync();

    [Benchmark]
    public Task<AccessToken> InMemory() => _inMemory.RequestTokenAsync();

    [Benchmark]
    public Task<AccessToken> OnGarnet() => _onGarnet.RequestTokenAsync();

    [Benchmark]
    public Task<AccessToken> OnGarnetWithLock() => _onGarnetWithLock.RequestTokenAsync();

    private void AddGarnet(IServiceCollection services) =>
        services.AddStackExchangeRedisCache(o => o.ConnectionMultiplexerFactory = () => Task.FromResult<IConnectionMultiplexer>(_redis));
}
