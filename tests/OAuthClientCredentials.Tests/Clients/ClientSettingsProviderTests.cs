using System.Collections;
using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using OAuthClientCredentials.Clients;
using OAuthClientCredentials.Tests.Infrastructure;
using Polly;

namespace OAuthClientCredentials.Tests.Clients;

/// <summary>Which settings a client has after a reload, and which are kept.</summary>
public sealed class ClientSettingsProviderTests
{
    [Fact]
    [Trait("Req", "R-190")]
    public async Task Settings_are_the_same_object_until_a_value_or_the_pipeline_changes()
    {
        ResiliencePipeline pipeline = ResiliencePipeline.Empty;
        await using TestProvider provider = TestProvider.FromConfiguration(
            [.. TestProvider.Settings("orders"), ("orders:Scopes:0", "a"), ("orders:Parameters:tenant", "7")],
            services => services.AddClientCredentials("orders", options => options.UseResiliencePipeline(pipeline)));
        ClientSettingsProvider clients = ClientsOf(provider);
        ClientSettings settings = clients.Get("orders");
        provider.Configuration.Reload();
        Assert.Same(settings, clients.Get("orders"));
        provider.Reload("orders:Scopes:0", "b");
        Assert.NotSame(settings, clients.Get("orders"));
        Assert.Same(clients.Get("orders"), clients.Get("ORDERS"));
        pipeline = new ResiliencePipelineBuilder().Build();
        provider.Configuration.Reload();
        Assert.Same(pipeline, clients.Get("orders").Pipeline);
    }

    [Fact]
    [Trait("Req", "R-190")]
    public async Task Concurrent_threads_get_the_same_settings()
    {
        await using TestProvider provider = TestProvider.FromConfiguration(TestProvider.Settings("orders"));
        ClientSettingsProvider clients = ClientsOf(provider);
        HashSet<ClientSettings> seen = [];
        for (int round = 0; round < 500; round++)
        {
            // Two reloads in which nothing changes, then one in which something does.
            provider.Reload("orders:ClientSecret", $"secret-{round / 3}");
            ClientSettings[] settings = new ClientSettings[4];
            Parallel.For(0, 4, new ParallelOptions { MaxDegreeOfParallelism = 4 }, thread => settings[thread] = clients.Get("orders"));
            seen.UnionWith(settings);
            Assert.Single(settings.Distinct());
        }

        Assert.Equal(167, seen.Count);
    }

    [Fact]
    [Trait("Req", "R-357")]
    public async Task Client_removed_from_configuration_keeps_its_settings_until_it_is_forgotten()
    {
        TestConfiguration configuration = new([.. TestProvider.Settings("Orders"), .. TestProvider.Settings("stock")]);
        using LogLines log = new();
        await using TestProvider provider = configuration.CreateProvider(log: log);
        ClientSettingsProvider clients = ClientsOf(provider);
        await provider.GetAsync("Orders");
        ClientSettings settings = clients.Get("Orders");
        for (int reload = 1; reload < 3; reload++)
        {
            configuration.Replace(TestProvider.Settings("stock"));
            Assert.Same(settings, clients.Get("Orders"));
            Assert.Equal("token-1 token-1", $"{await provider.GetAsync("Orders")} {await provider.GetAsync("ORDERS")}");
            Assert.Equal(reload, log.Lines.Count(line => line.StartsWith("Warning 20 Client 'Orders'", StringComparison.Ordinal)));
        }

        provider.Tokens.Forget("Orders");
        await Assert.ThrowsAsync<OptionsValidationException>(() => provider.GetAsync("Orders"));
        Assert.Throws<OptionsValidationException>(() => clients.Get("Orders"));
    }

    [Fact]
    [Trait("Req", "R-357")]
    public async Task Client_that_returns_to_configuration_has_the_same_settings_and_token()
    {
        TestConfiguration configuration = new(TestProvider.Settings("orders"));
        await using TestProvider provider = configuration.CreateProvider();
        ClientSettingsProvider clients = ClientsOf(provider);
        ClientSettings settings = clients.Get("orders");
        await provider.GetAsync("orders");
        using CancellationTokenSource end = new();
        int calls = 0;
        Task[] load = [.. Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            while (!end.IsCancellationRequested)
            {
                await provider.GetAsync("orders");
                clients.Get("orders");
                Interlocked.Increment(ref calls);
            }
        }))];
        await Eventually.True(() => Volatile.Read(ref calls) > 0);
        for (int round = 0; round < 100; round++)
        {
            configuration.Replace();
            configuration.Replace(TestProvider.Settings("orders"));
        }

        await end.CancelAsync();
        await Task.WhenAll(load);
        Assert.Same(settings, clients.Get("orders"));
        Assert.Single(provider.Server.Requests);
    }

    [Fact]
    [Trait("Req", "R-357")]
    public async Task Options_that_became_invalid_are_logged_once_a_reload_until_they_are_valid()
    {
        using LogLines log = new();
        await using TestProvider provider = TestProvider.FromConfiguration(TestProvider.Settings("orders"), log: log);
        ClientSettingsProvider clients = ClientsOf(provider);
        ClientSettings settings = clients.Get("orders");
        for (int reload = 1; reload < 3; reload++)
        {
            provider.Reload("orders:Timeout", "half a minute");
            Assert.Same(settings, clients.Get("orders"));
            Assert.Same(settings, clients.Get("orders"));
            Assert.Equal(reload, log.Lines.Count(line => line.StartsWith("Error 5 Client 'orders'", StringComparison.Ordinal)));
        }

        provider.Reload("orders:Timeout", "00:00:20");
        Assert.Equal(TimeSpan.FromSeconds(20), clients.Get("orders").Options.Timeout);
    }

    [Fact]
    [Trait("Req", "R-357")]
    public async Task Options_that_were_never_valid_are_an_error_on_every_call()
    {
        TestConfiguration configuration = new(("orders:ClientId", "shop"));
        await using TestProvider provider = configuration.CreateProvider();
        for (int call = 0; call < 3; call++)
        {
            await Assert.ThrowsAsync<OptionsValidationException>(() => provider.GetAsync("orders"));
        }

        configuration.Replace(TestProvider.Settings("orders"));
        Assert.Equal("token-1", await provider.GetAsync("orders"));
    }

    [Fact]
    [Trait("Req", "R-076")]
    public async Task Nothing_is_kept_of_unknown_and_of_forgotten_names()
    {
        string[] names = [.. Enumerable.Range(0, 10_000).Select(number => $"tenant-{number}")];
        await using TestProvider unknown = TestProvider.FromConfiguration([], services =>
            services.ConfigureAll<ClientCredentialsOptions>(options => options.TokenEndpoint = TestProvider.TokenEndpoint));
        Array.ForEach(names, name => Assert.Throws<OptionsValidationException>(() => ClientsOf(unknown).Get(name)));
        Assert.Equal(0, EntriesOf(unknown));

        await using TestProvider tenants = TestProvider.FromConfiguration([], services =>
            services.AddSingleton<IConfigureOptions<ClientCredentialsOptions>>(new AnyTenant()));
        Array.ForEach(names, name => ClientsOf(tenants).Get(name));
        Assert.Equal(2 * names.Length, EntriesOf(tenants));
        Array.ForEach(names, name => ClientsOf(tenants).Forget(name));
        Assert.Equal(0, EntriesOf(tenants));
    }

    [Fact]
    [Trait("Req", "R-076")]
    [Trait("Req", "R-357")]
    public async Task Client_that_is_registered_or_was_configured_is_kept()
    {
        TestConfiguration configuration = new(TestProvider.Settings("configured"));
        await using TestProvider provider = configuration.CreateProvider(services => TestProvider.AddClient(services, "registered"));
        ClientSettingsProvider clients = ClientsOf(provider);
        string[] names = ["registered", "configured"];
        ClientSettings[] settings = [.. names.Select(clients.Get)];
        configuration.Replace();
        Assert.All(names, name => Assert.False(clients.IsKnownAtRunTimeOnly(name)));
        Assert.True(clients.IsKnownAtRunTimeOnly("tenant"));
        Assert.Equal(settings, names.Select(clients.Get));
    }

    private static ClientSettingsProvider ClientsOf(TestProvider provider) =>
        provider.Services.GetRequiredService<ClientSettingsProvider>();

    // Everything that is kept by name, whatever the fields are called.
    private static int EntriesOf(TestProvider provider)
    {
        object[] holders = [ClientsOf(provider), provider.Services.GetRequiredService<IOptionsMonitorCache<ClientCredentialsOptions>>()];
        return holders.Sum(holder => holder.GetType().GetFields(BindingFlags.Instance | BindingFlags.NonPublic)
            .Select(field => field.GetValue(holder))
            .OfType<IDictionary>()
            .Sum(kept => kept.Count));
    }

    private sealed class AnyTenant : IConfigureNamedOptions<ClientCredentialsOptions>
    {
        public void Configure(ClientCredentialsOptions options) => Configure("", options);

        public void Configure(string? name, ClientCredentialsOptions options) => TestProvider.Configure(options, name!);
    }
}
