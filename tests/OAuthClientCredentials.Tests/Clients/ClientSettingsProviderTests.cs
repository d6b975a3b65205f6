using System.Collections;
using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OAuthClientCredentials.Clients;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Clients;

/// <summary>Which settings a client has after a reload, and what is kept of it.</summary>
public sealed class ClientSettingsProviderTests
{
    [Fact]
    [Trait("Req", "R-190")]
    public async Task Settings_stay_the_same_object_while_a_reload_changes_nothing()
    {
        await using Configured app = new([.. Configured.Client("orders"), ("orders:Scopes:0", "a"), ("orders:Parameters:tenant", "7")]);
        ClientSettingsProvider registry = app.Services.GetRequiredService<ClientSettingsProvider>();
        ClientSettings settings = registry.Get("orders");
        app.Configuration.Reload();
        Assert.Same(settings, registry.Get("orders"));
        app.Reload("orders:Scopes:0", "b");
        Assert.NotSame(settings, registry.Get("orders"));
        Assert.Same(registry.Get("orders"), registry.Get("ORDERS"));
    }

    [Fact]
    [Trait("Req", "R-190")]
    public async Task A_changed_pipeline_changes_the_settings()
    {
        Polly.ResiliencePipeline pipeline = Polly.ResiliencePipeline.Empty;
        await using Configured app = new(Configured.Client("orders"), services =>
            services.AddClientCredentials("orders", options => options.UseResiliencePipeline(pipeline)));
        ClientSettingsProvider registry = app.Services.GetRequiredService<ClientSettingsProvider>();
        ClientSettings settings = registry.Get("orders");
        app.Configuration.Reload();
        Assert.Same(settings, registry.Get("orders"));
        pipeline = new Polly.ResiliencePipelineBuilder().Build();
        app.Configuration.Reload();
        Assert.Same(pipeline, registry.Get("orders").Pipeline);
    }

    [Fact]
    [Trait("Req", "R-190")]
    public async Task Threads_that_ask_at_once_get_the_same_settings()
    {
        await using Configured app = new(Configured.Client("orders"));
        ClientSettingsProvider registry = app.Services.GetRequiredService<ClientSettingsProvider>();
        HashSet<ClientSettings> seen = [];
        for (int round = 0; round < 500; round++)
        {
            // Two reloads in which nothing changes, then one in which something does.
            app.Reload("orders:ClientSecret", $"secret-{round / 3}");
            ClientSettings[] settings = new ClientSettings[4];
            Parallel.For(0, 4, new ParallelOptions { MaxDegreeOfParallelism = 4 }, thread => settings[thread] = registry.Get("orders"));
            seen.UnionWith(settings);
            Assert.Single(settings.Distinct());
        }

        Assert.Equal(167, seen.Count);
    }

    [Fact]
    [Trait("Req", "R-357")]
    public async Task A_client_that_goes_from_configuration_keeps_its_settings_until_it_is_forgotten()
    {
        ChangingConfiguration configuration = new([.. Configured.Client("Orders"), .. Configured.Client("stock")]);
        LogLines log = new();
        await using Configured app = configuration.Start(services => services.AddSingleton<ILoggerProvider>(log));
        ClientSettingsProvider registry = app.Services.GetRequiredService<ClientSettingsProvider>();
        await app.Tokens.GetTokenAsync("Orders");
        ClientSettings settings = registry.Get("Orders");
        for (int reload = 1; reload < 3; reload++)
        {
            configuration.Replace(Configured.Client("stock"));
            Assert.Same(settings, registry.Get("Orders"));
            Assert.Equal("token-1", (await app.Tokens.GetTokenAsync("Orders")).Value);
            Assert.Equal("token-1", (await app.Tokens.GetTokenAsync("ORDERS")).Value);
            Assert.Equal(reload, log.Lines.Count(line => line.StartsWith("Warning 20 Client 'Orders' is not configured any more.", StringComparison.Ordinal)));
        }

        app.Tokens.Forget("Orders");
        await Assert.ThrowsAsync<OptionsValidationException>(async () => await app.Tokens.GetTokenAsync("Orders"));
        Assert.Throws<OptionsValidationException>(() => registry.Get("Orders"));
    }

    [Fact]
    [Trait("Req", "R-357")]
    public async Task A_client_that_comes_back_has_the_same_settings_and_token()
    {
        ChangingConfiguration configuration = new(Configured.Client("orders"));
        await using Configured app = configuration.Start();
        ClientSettingsProvider registry = app.Services.GetRequiredService<ClientSettingsProvider>();
        ClientSettings settings = registry.Get("orders");
        await app.Tokens.GetTokenAsync("orders");
        using CancellationTokenSource end = new();
        int calls = 0;
        Task[] load = [.. Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            while (!end.IsCancellationRequested)
            {
                await app.Tokens.GetTokenAsync("orders", cancellationToken: CancellationToken.None);
                registry.Get("orders");
                Interlocked.Increment(ref calls);
            }
        }))];
        await Eventually.True(() => Volatile.Read(ref calls) > 0);
        for (int round = 0; round < 100; round++)
        {
            configuration.Replace();
            configuration.Replace(Configured.Client("orders"));
        }

        await end.CancelAsync();
        await Task.WhenAll(load);
        Assert.Same(settings, registry.Get("orders"));
        Assert.Single(app.Endpoint.Requests);
    }

    [Fact]
    [Trait("Req", "R-357")]
    public async Task Options_that_became_invalid_are_logged_once_a_reload_and_replaced_when_they_are_valid_again()
    {
        LogLines log = new();
        await using Configured app = new(Configured.Client("orders"), services => services.AddSingleton<ILoggerProvider>(log));
        ClientSettingsProvider registry = app.Services.GetRequiredService<ClientSettingsProvider>();
        ClientSettings settings = registry.Get("orders");
        for (int reload = 1; reload < 3; reload++)
        {
            app.Reload("orders:Timeout", "half a minute");
            Assert.Same(settings, registry.Get("orders"));
            Assert.Same(settings, registry.Get("orders"));
            Assert.Equal(reload, log.Lines.Count(line => line.StartsWith("Error 5 Client 'orders' keeps its previous settings", StringComparison.Ordinal)));
        }

        app.Reload("orders:Timeout", "00:00:20");
        Assert.Equal(TimeSpan.FromSeconds(20), registry.Get("orders").Options.Timeout);
    }

    [Fact]
    [Trait("Req", "R-357")]
    public async Task Options_that_were_never_valid_are_an_error_on_every_call()
    {
        await using Configured app = new([("orders:ClientId", "shop")]);
        for (int call = 0; call < 3; call++)
        {
            await Assert.ThrowsAsync<OptionsValidationException>(async () => await app.Tokens.GetTokenAsync("orders"));
        }

        foreach ((string key, string? value) in Configured.Client("orders"))
        {
            app.Configuration[$"ClientCredentials:{key}"] = value;
        }

        app.Configuration.Reload();
        Assert.Equal("token-1", (await app.Tokens.GetTokenAsync("orders")).Value);
    }

    [Fact]
    [Trait("Req", "R-076")]
    public async Task Of_unknown_and_of_released_names_nothing_is_kept()
    {
        const int Count = 10_000;
        await using Configured app = new([], services => services.ConfigureAll<ClientCredentialsOptions>(options =>
            (options.TokenEndpoint, options.ClientSecret) = (OneClient.Endpoint, "secret")));
        IServiceProvider services = app.Services;
        ClientSettingsProvider registry = services.GetRequiredService<ClientSettingsProvider>();
        object cache = services.GetRequiredService<IOptionsMonitorCache<ClientCredentialsOptions>>();
        for (int number = 0; number < Count; number++)
        {
            Assert.Throws<OptionsValidationException>(() => registry.Get($"nobody-{number}"));
        }

        Assert.Equal(0, EntriesOf(registry) + EntriesOf(cache));

        await using Configured tenants = new([], services => services.AddSingleton<IConfigureOptions<ClientCredentialsOptions>>(new AnyTenant()));
        registry = tenants.Services.GetRequiredService<ClientSettingsProvider>();
        cache = tenants.Services.GetRequiredService<IOptionsMonitorCache<ClientCredentialsOptions>>();
        for (int number = 0; number < Count; number++)
        {
            registry.Get($"tenant-{number}");
        }

        Assert.Equal(2 * Count, EntriesOf(registry) + EntriesOf(cache));
        for (int number = 0; number < Count; number++)
        {
            registry.Forget($"tenant-{number}");
        }

        Assert.Equal(0, EntriesOf(registry) + EntriesOf(cache));
    }

    [Fact]
    [Trait("Req", "R-076")]
    [Trait("Req", "R-357")]
    public async Task A_client_that_is_registered_or_was_configured_is_kept()
    {
        ChangingConfiguration configuration = new(Configured.Client("configured"));
        await using Configured app = configuration.Start(services => services.AddClientCredentials("registered", options =>
            (options.TokenEndpoint, options.ClientId, options.ClientSecret) = (OneClient.Endpoint, "shop", "secret")));
        ClientSettingsProvider registry = app.Services.GetRequiredService<ClientSettingsProvider>();
        string[] names = ["registered", "configured"];
        ClientSettings[] settings = [.. names.Select(registry.Get)];
        configuration.Replace();
        Assert.All(names, name => Assert.False(registry.IsKnownAtRunTimeOnly(name)));
        Assert.True(registry.IsKnownAtRunTimeOnly("tenant"));
        Assert.Equal(settings, names.Select(registry.Get));
    }

    // Everything that the object keeps by name, whatever its fields are called.
    private static int EntriesOf(object holder) =>
        holder.GetType().GetFields(BindingFlags.Instance | BindingFlags.NonPublic).Select(field => field.GetValue(holder)).OfType<IDictionary>().Sum(kept => kept.Count);

    private sealed class AnyTenant : IConfigureNamedOptions<ClientCredentialsOptions>
    {
        public void Configure(ClientCredentialsOptions options) => Configure("", options);

        public void Configure(string? name, ClientCredentialsOptions options) =>
            (options.TokenEndpoint, options.ClientId, options.ClientSecret) = (OneClient.Endpoint, name, "secret");
    }
}
