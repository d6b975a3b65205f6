using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Clients;

/// <summary>Clients that are not registered: tenants that are known at run time only (R-342).</summary>
public sealed class RunTimeClientsTests
{
    private readonly Tenants _tenants = new();

    [Fact]
    [Trait("Req", "R-342")]
    public async Task Tenant_gets_its_own_tokens_and_can_be_forgotten()
    {
        (_tenants["a"], _tenants["b"]) = ("first", "secret");
        await using TestProvider provider = Create();
        Assert.Equal("token-1 token-2", $"{await provider.GetAsync("a")} {await provider.GetAsync("b")}");
        _tenants["a"] = "second";
        Assert.Equal("token-1", await provider.GetAsync("a"));
        int before = provider.Tokens.SourceCount();
        provider.Tokens.Forget("a");
        Assert.Equal(before - 1, provider.Tokens.SourceCount());
        Assert.Equal("token-3", await provider.GetAsync("a"));
        Assert.True(provider.Server.Requests[^1].Used("second"));
    }

    [Fact]
    [Trait("Req", "R-076")]
    [Trait("Req", "R-342")]
    public async Task Tenant_is_unknown_before_it_exists_and_after_it_was_removed()
    {
        await using TestProvider provider = Create();
        await provider.GetAsync("known");
        int sources = provider.Tokens.SourceCount();
        await Assert.ThrowsAsync<OptionsValidationException>(() => provider.GetAsync("a"));
        Assert.Equal(sources, provider.Tokens.SourceCount());
        _tenants["a"] = "secret";
        Assert.Equal("token-2", await provider.GetAsync("a"));
        _tenants.TryRemove("a", out _);
        provider.Tokens.Forget("a");
        OptionsValidationException failure = await Assert.ThrowsAsync<OptionsValidationException>(() => provider.GetAsync("a"));
        Assert.Contains("Client 'a' is not registered", failure.Message, StringComparison.Ordinal);
        Assert.Equal(2, provider.Server.Requests.Count);
    }

    [Fact]
    [Trait("Req", "R-225")]
    [Trait("Req", "R-342")]
    public async Task Options_source_that_threw_once_is_read_again()
    {
        int reads = 0;
        await using TestProvider provider = TestProvider.WithClients(null, ("a", _ =>
        {
            if (Interlocked.Increment(ref reads) == 1)
            {
                throw new TimeoutException("the tenants' database did not respond");
            }
        }
        ));
        await Assert.ThrowsAnyAsync<Exception>(() => provider.GetAsync("a"));
        Assert.Equal("token-1", await provider.GetAsync("a"));
    }

    [Fact]
    [Trait("Req", "R-076")]
    public async Task Idle_tenant_whose_token_has_expired_leaves_nothing_behind()
    {
        const int Count = 2_000;
        await using TestProvider provider = Create();
        provider.Server.Lifetime = TimeSpan.FromSeconds(50);
        for (int number = 0; number < Count; number++)
        {
            _tenants[$"tenant-{number}"] = "secret";
            await provider.GetAsync($"tenant-{number}");
            await provider.GetAsync($"tenant-{number}", new() { Scopes = ["read"] });
        }

        await provider.GetAsync("known");
        int requests = provider.Server.Requests.Count;
        provider.Time.Advance(TimeSpan.FromSeconds(30));
        await provider.GetAsync("tenant-7");
        Assert.Equal((requests, (2 * Count) + 1), (provider.Server.Requests.Count, provider.Tokens.SourceCount()));
        provider.Time.Advance(TimeSpan.FromSeconds(40));

        // A call that waits for a token removes the idle ones. The registered client stays, and so does this tenant.
        await provider.GetAsync("tenant-7");
        Assert.InRange(provider.Tokens.SourceCount(), 2, 3);
        await provider.GetAsync("tenant-8");
    }

    private TestProvider Create() => TestProvider.WithServices(services =>
    {
        services.AddClientCredentials("known", options => (options.ClientId, options.ClientSecret) = ("known", "secret"));
        services.ConfigureAll<ClientCredentialsOptions>(options =>
            (options.TokenEndpoint, options.AuthenticationMethod) = (TestProvider.TokenEndpoint, "client_secret_post"));
        services.AddSingleton<IConfigureOptions<ClientCredentialsOptions>>(_tenants);
    });

    private sealed class Tenants : ConcurrentDictionary<string, string>, IConfigureNamedOptions<ClientCredentialsOptions>
    {
        public void Configure(ClientCredentialsOptions options) => Configure(Options.DefaultName, options);

        public void Configure(string? name, ClientCredentialsOptions options)
        {
            if (TryGetValue(name!, out string? secret))
            {
                (options.ClientId, options.ClientSecret) = (name, secret);
            }
        }
    }
}
