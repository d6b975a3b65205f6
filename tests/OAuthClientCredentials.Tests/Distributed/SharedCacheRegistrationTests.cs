using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OAuthClientCredentials.Distributed;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Distributed;

/// <summary>What AddSharedTokenCache needs, says and measures.</summary>
public sealed class SharedCacheRegistrationTests
{
    [Fact]
    [Trait("Req", "R-201")]
    public async Task Missing_data_protection_and_cache_are_errors_at_start()
    {
        await using TestProvider provider = Create(_ => { });
        Assert.Equal(
            [
                "AddSharedTokenCache encrypts tokens with ASP.NET Core Data Protection, and it is not registered. Call "
                    + "services.AddDataProtection() with SetApplicationName and keys that all instances share, or set StorePlaintext.",
                "AddSharedTokenCache needs an IDistributedCache, and none is registered. Register one, for instance with "
                    + "services.AddStackExchangeRedisCache(...).",
            ],
            provider.ValidateOnStart().Order());
    }

    [Theory]
    [InlineData(5, 15, "SharedTokenCacheOptions.StoreTimeout must be between 10 milliseconds and 5 seconds.")]
    [InlineData(500, 90, "SharedTokenCacheOptions.LockTimeout must be between 0 and 60 seconds.")]
    public async Task Option_out_of_range_is_an_error_at_start(int storeMilliseconds, int lockSeconds, string expected)
    {
        await using TestProvider provider = Create(Stores, options =>
        {
            options.StoreTimeout = TimeSpan.FromMilliseconds(storeMilliseconds);
            options.LockTimeout = TimeSpan.FromSeconds(lockSeconds);
        });
        Assert.Equal(expected, Assert.Single(provider.ValidateOnStart()));
    }

    [Fact]
    [Trait("Req", "R-206")]
    public async Task Empty_key_prefix_is_an_error_at_start()
    {
        await using TestProvider provider = Create(Stores, options => options.KeyPrefix = " ");
        Assert.Equal(
            "SharedTokenCacheOptions.KeyPrefix is empty. Set it to the name of the service, followed by a colon.",
            Assert.Single(provider.ValidateOnStart()));
    }

    [Fact]
    public void Another_shared_cache_is_an_error_and_not_ignored()
    {
        ServiceCollection services = new();
        services.AddSingleton<ISharedTokenCache>(_ => throw new NotSupportedException());
        IClientCredentialsBuilder clients = services.AddClientCredentials("", _ => { });
        InvalidOperationException error = Assert.Throws<InvalidOperationException>(() => clients.AddSharedTokenCache());
        Assert.Contains("Another ISharedTokenCache is registered.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Host_connects_to_the_cache_before_it_requests_the_first_token()
    {
        TestStore store = new();
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        TestProvider.AddClient(builder.Services, "", options => options.WarmUp = WarmUp.RequireAtStart);
        builder.Services.AddClientCredentials("", _ => { }).AddSharedTokenCache();
        builder.Services.AddSingleton<IDistributedCache>(store);
        builder.Services.AddSingleton<IDataProtectionProvider>(new EphemeralDataProtectionProvider());
        TestAuthorizationServer server = new(new TestTimeProvider());
        builder.Services.UseTestAuthorizationServer(server);
        int operationsBeforeRequest = 0;
        server.Always(_ =>
        {
            operationsBeforeRequest = store.Operations;
            return TestResponse.Token();
        });
        using IHost host = builder.Build();
        await host.StartAsync();

        // One to connect, one look. Without a lock provider the second look follows at once.
        Assert.Equal(3, operationsBeforeRequest);
        await host.StopAsync();
    }

    [Fact]
    public async Task Plain_text_needs_no_data_protection_and_is_logged()
    {
        LogLines log = new();
        TestStore store = new();
        await using TestProvider provider = Create(
            services => services.AddSingleton<IDistributedCache>(store),
            options => options.StorePlaintext = true,
            log);
        string token = await provider.GetAsync();
        Assert.Contains(token, System.Text.Encoding.UTF8.GetString(Assert.Single(store.Entries).Value), StringComparison.Ordinal);
        Assert.Single(log.Lines, line => line.StartsWith("Warning 103 ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Cache_in_the_memory_of_the_process_is_logged()
    {
        LogLines log = new();
        await using TestProvider provider = Create(
            services =>
            {
                services.AddDistributedMemoryCache();
                services.AddSingleton<IDataProtectionProvider>(new EphemeralDataProtectionProvider());
            },
            log: log);
        await provider.GetAsync();
        Assert.Single(log.Lines, line => line.StartsWith("Warning 104 ", StringComparison.Ordinal));
    }

    [Fact]
    [Trait("Req", "R-320")]
    public async Task Operations_of_the_stores_are_measured()
    {
        await using TestFleet fleet = TestFleet.Of(1);
        TestProvider replica = fleet.Replicas[0];
        using Measurements measured = new(replica.Services);
        await replica.GetAsync();
        fleet.Store.Entries[fleet.Store.SingleKey] = [1, 2, 3];
        replica.Tokens.Forget("");
        await replica.GetAsync();
        replica.Tokens.Forget("");
        await replica.GetAsync();
        fleet.Store.Before = static () => throw new InvalidOperationException();
        await replica.GetAsync("", TestProvider.Scope("other"));
        string[] expected =
        [
            "get miss", "lock acquired", "get miss", "set stored",
            "get unreadable", "lock acquired", "get unreadable", "remove removed", "set stored",
            "get hit",
            "get error",
        ];
        Assert.Equal(
            expected.Select(Series),
            measured.Series.Where(series => series.StartsWith("oauth.client.shared_cache.duration", StringComparison.Ordinal)));
    }

    private static string Series(string operation)
    {
        string[] words = operation.Split(' ');
        return "oauth.client.shared_cache.duration"
            + $"{{oauth.client.shared_cache.operation={words[0]}, oauth.client.shared_cache.outcome={words[1]}}}";
    }

    private static void Stores(IServiceCollection services)
    {
        services.AddSingleton<IDistributedCache>(new TestStore());
        services.AddSingleton<IDataProtectionProvider>(new EphemeralDataProtectionProvider());
    }

    private static TestProvider Create(
        Action<IServiceCollection> register,
        Action<SharedTokenCacheOptions>? configure = null,
        LogLines? log = null) => TestProvider.WithServices(
        services =>
        {
            register(services);
            TestProvider.AddClient(services, "");
            services.AddClientCredentials("", _ => { }).AddSharedTokenCache().AddSharedTokenCache(configure);
        },
        log: log);
}
