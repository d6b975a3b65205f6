using Medallion.Threading;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OAuthClientCredentials.Distributed;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Distributed;

/// <summary>Instances of a service, as the application registers them, with one store, one lock and one authorization server.</summary>
internal sealed class TestFleet : IAsyncDisposable
{
    private readonly List<TestProvider> _replicas = [];

    public TestAuthorizationServer Server { get; } = new(new TestTimeProvider()) { Lifetime = TimeSpan.FromSeconds(1000) };

    public TestTimeProvider Time => (TestTimeProvider)Server.TimeProvider;

    public TestStore Store { get; } = new();

    public TestLocks Locks { get; } = new();

    public LogLines Log { get; } = new();

    /// <summary>The key ring that replicas have by default.</summary>
    public IDataProtectionProvider Keys { get; } = new EphemeralDataProtectionProvider();

    public static TestFleet Of(int count, bool hasLocks = true)
    {
        TestFleet fleet = new();
        for (int index = 0; index < count; index++)
        {
            fleet.Add(hasLocks: hasLocks);
        }

        return fleet;
    }

    public IReadOnlyList<TestProvider> Replicas => _replicas;

    public TestProvider Add(
        IDataProtectionProvider? keys = null,
        bool hasLocks = true,
        Action<SharedTokenCacheOptions>? configure = null,
        Action<ClientCredentialsOptions>? client = null)
    {
        TestProvider replica = TestProvider.WithServices(
            services =>
            {
                services.AddSingleton<IDistributedCache>(Store);
                services.AddSingleton(keys ?? Keys);
                if (hasLocks)
                {
                    services.AddSingleton<IDistributedLockProvider>(Locks);
                }

                TestProvider.AddClient(services, "", client);
                services.AddClientCredentials("", _ => { }).AddSharedTokenCache(configure);
                services.AddMetrics();
            },
            Server,
            log: Log);
        _replicas.Add(replica);
        return replica;
    }

    /// <summary>Gets the token of every replica at the same time, while the clock moves.</summary>
    public async Task<string[]> GetAllAsync()
    {
        Task<string[]> all = Task.WhenAll(_replicas.Select(replica => Task.Run(() => replica.GetAsync())));
        await Time.AdvanceUntilAsync(all, TimeSpan.FromMilliseconds(25), TimeSpan.FromMinutes(2));
        return await all;
    }

    /// <summary>Replaces a token in every replica at the same time, while the clock moves.</summary>
    public async Task<string[]> RenewAllAsync(AccessToken rejected)
    {
        Task<AccessToken[]> all = Task.WhenAll(
            _replicas.Select(replica => Task.Run(async () => await replica.Tokens.RenewTokenAsync(rejected))));
        await Time.AdvanceUntilAsync(all, TimeSpan.FromMilliseconds(25), TimeSpan.FromMinutes(2));
        return [.. (await all).Select(token => token.Value)];
    }

    /// <summary>Waits until no replica requests a token, while the clock moves.</summary>
    public async Task SettleAsync()
    {
        Task all = Task.WhenAll(_replicas.Select(replica => replica.SettleAsync()));
        await Time.AdvanceUntilAsync(all, TimeSpan.FromMilliseconds(25), TimeSpan.FromMinutes(2));
        await all;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (TestProvider replica in _replicas)
        {
            await replica.DisposeAsync();
        }
    }
}
