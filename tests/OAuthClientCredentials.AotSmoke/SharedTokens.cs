using System.Collections.Concurrent;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials;

/// <summary>Two instances that share a token. Encryption is left to the application, which is not part of this test.</summary>
internal static class SharedTokens
{
    public static async Task RunAsync(TestServer server, Action<string, bool> check)
    {
        MemoryStore store = new();
        await using ServiceProvider first = CreateInstance(server, store);
        await using ServiceProvider second = CreateInstance(server, store);
        AccessToken requested = await first.GetRequiredService<ITokenProvider>().GetTokenAsync("orders");
        int requests = server.TokenRequests;
        AccessToken found = await second.GetRequiredService<ITokenProvider>().GetTokenAsync("orders");
        check("a second instance takes the shared token", found.Value == requested.Value && server.TokenRequests == requests);
    }

    private static ServiceProvider CreateInstance(TestServer server, MemoryStore store)
    {
        ServiceCollection services = new();
        services.AddSingleton<IDistributedCache>(store);
        services.AddClientCredentials("orders", o =>
        {
            o.TokenEndpoint = $"{server.Address}token";
            o.ClientId = "shop";
            o.ClientSecret = "right";
        }).AddSharedTokenCache(o =>
        {
            o.KeyPrefix = "smoke:";
            o.StorePlaintext = true;
        });
        return services.BuildServiceProvider();
    }

    private sealed class MemoryStore : IDistributedCache
    {
        private readonly ConcurrentDictionary<string, byte[]> _entries = new();

        public byte[]? Get(string key) => _entries.GetValueOrDefault(key);

        public Task<byte[]?> GetAsync(string key, CancellationToken token = default) => Task.FromResult(Get(key));

        public void Set(string key, byte[] value, DistributedCacheEntryOptions options) => _entries[key] = value;

        public Task SetAsync(string key, byte[] value, DistributedCacheEntryOptions options, CancellationToken token = default)
        {
            Set(key, value, options);
            return Task.CompletedTask;
        }

        public void Refresh(string key)
        {
        }

        public Task RefreshAsync(string key, CancellationToken token = default) => Task.CompletedTask;

        public void Remove(string key) => _entries.TryRemove(key, out _);

        public Task RemoveAsync(string key, CancellationToken token = default)
        {
            Remove(key);
            return Task.CompletedTask;
        }
    }
}
