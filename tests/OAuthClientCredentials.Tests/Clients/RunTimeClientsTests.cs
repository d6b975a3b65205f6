using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Clients;

/// <summary>Clients that no registration names: tenants that come and go .</summary>
public sealed class RunTimeClientsTests
{
    [Fact]
    [Trait("Req", "R-342")]
    public async Task A_tenant_known_only_at_run_time_gets_tokens_of_its_own_and_can_be_removed()
    {
        TestAuthorizationServer endpoint = new();
        Tenants tenants = new() { ["tenant-7"] = "first" };
        await using ServiceProvider services = Build(endpoint, tenants);
        TokenProvider tokens = services.GetRequiredService<TokenProvider>();

        Assert.Equal("token-1", (await tokens.GetTokenAsync("tenant-7")).Value);
        tenants["tenant-7"] = "second";
        Assert.Equal("token-1", (await tokens.GetTokenAsync("tenant-7")).Value);

        int before = tokens.SourceCount();
        tokens.Forget("tenant-7");
        Assert.Equal(before - 1, tokens.SourceCount());
        Assert.Equal("token-2", (await tokens.GetTokenAsync("tenant-7")).Value);
        Assert.True(endpoint.Requests[^1].Used("second"));
    }

    [Fact]
    [Trait("Req", "R-342")]
    public async Task A_tenant_that_is_gone_is_an_unknown_client()
    {
        TestAuthorizationServer endpoint = new();
        Tenants tenants = new() { ["tenant-7"] = "secret" };
        await using ServiceProvider services = Build(endpoint, tenants);
        TokenProvider tokens = services.GetRequiredService<TokenProvider>();
        await tokens.GetTokenAsync("tenant-7");

        tenants.TryRemove("tenant-7", out _);
        tokens.Forget("tenant-7");
        OptionsValidationException failure = await Assert.ThrowsAsync<OptionsValidationException>(async () => await tokens.GetTokenAsync("tenant-7"));
        Assert.Contains("Client 'tenant-7' is not registered", failure.Message, StringComparison.Ordinal);
        Assert.Single(endpoint.Requests);
    }

    [Fact]
    [Trait("Req", "R-342")]
    public async Task Shared_settings_stand_in_one_place()
    {
        TestAuthorizationServer endpoint = new();
        await using ServiceProvider services = Build(endpoint, new() { ["a"] = "1", ["b"] = "2" });
        Assert.Equal("token-1", (await services.GetRequiredService<ITokenProvider>().GetTokenAsync("a")).Value);
        Assert.Equal("token-2", (await services.GetRequiredService<ITokenProvider>().GetTokenAsync("b")).Value);
    }

    [Fact]
    [Trait("Req", "R-076")]
    public async Task An_idle_tenant_whose_token_has_expired_leaves_nothing_behind()
    {
        const int Count = 2_000;
        TestTimeProvider time = new();
        TestAuthorizationServer endpoint = new(time) { Lifetime = TimeSpan.FromSeconds(50) };
        Tenants tenants = new(Enumerable.Range(0, Count).Select(number => KeyValuePair.Create($"tenant-{number}", "secret")));
        await using ServiceProvider services = Build(endpoint, tenants, time);
        TokenProvider tokens = services.GetRequiredService<TokenProvider>();
        foreach (string tenant in tenants.Keys)
        {
            await tokens.GetTokenAsync(tenant);
            await tokens.GetTokenAsync(tenant, new TokenRequest { Scopes = ["read"] });
        }

        await tokens.GetTokenAsync("known");
        int requests = endpoint.Requests.Count;
        time.Advance(TimeSpan.FromSeconds(30));
        await tokens.GetTokenAsync("tenant-7");
        Assert.Equal((requests, (2 * Count) + 1), (endpoint.Requests.Count, tokens.SourceCount()));
        time.Advance(TimeSpan.FromSeconds(40));

        // Whoever waits for a token lets the idle ones go. The registered client stays, and so does this tenant.
        await tokens.GetTokenAsync("tenant-7");
        Assert.InRange(tokens.SourceCount(), 2, 3);
        await tokens.GetTokenAsync("tenant-8");
    }

    private static ServiceProvider Build(TestAuthorizationServer endpoint, Tenants tenants, TimeProvider? time = null)
    {
        ServiceCollection services = new();
        services.AddSingleton(time ?? TimeProvider.System);
        services.AddClientCredentials("known", options => (options.ClientId, options.ClientSecret) = ("known", "secret"))
            .ConfigureHttpClient(http => http.ConfigurePrimaryHttpMessageHandler(endpoint.CreateHandler));
        services.ConfigureAll<ClientCredentialsOptions>(options =>
        {
            options.TokenEndpoint = "https://id.example.com/token";
            options.AuthenticationMethod = "client_secret_post";
        });
        services.AddSingleton<IConfigureOptions<ClientCredentialsOptions>>(tenants);
        return services.BuildServiceProvider();
    }

    private sealed class Tenants : ConcurrentDictionary<string, string>, IConfigureNamedOptions<ClientCredentialsOptions>
    {
        public Tenants()
        {
        }

        public Tenants(IEnumerable<KeyValuePair<string, string>> tenants)
            : base(tenants)
        {
        }

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
