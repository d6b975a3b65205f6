using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Diagnostics;

/// <summary>Gauges that do not show the state of the tokens in use.</summary>
public sealed class GaugeTests
{
    private const string Lifetime = "oauth.client.token.remaining_lifetime";

    [Fact]
    public async Task Gauge_of_the_lifetime_follows_the_clock_that_shows_less()
    {
        await using TestProvider provider = new() { Server = { Lifetime = TimeSpan.FromSeconds(100) } };
        using Measurements measured = new(provider.Services);
        await provider.GetAsync();
        provider.Time.Advance(TimeSpan.FromSeconds(90));
        provider.Time.JumpWallClock(TimeSpan.FromHours(-1));
        Assert.Equal(10, measured.Collect($"{Lifetime}{{oauth.client.name=}}"));
    }

    [Fact]
    public async Task Age_is_not_negative_after_the_wall_clock_jumped_back()
    {
        await using TestProvider provider = new();
        await provider.GetAsync();
        provider.Time.Advance(TimeSpan.FromSeconds(90));
        provider.Time.JumpWallClock(TimeSpan.FromHours(-1));
        Assert.True(provider.Tokens.GetStatus().Age >= TimeSpan.Zero, $"{provider.Tokens.GetStatus().Age}");
    }

    [Fact]
    public async Task Idle_tenant_does_not_hide_the_lifetime_of_the_tenants_in_use()
    {
        await using TestProvider provider = TestProvider.WithServices(services =>
        {
            TestProvider.AddClient(services, "orders");
            services.AddSingleton<IConfigureOptions<ClientCredentialsOptions>>(new TenantOptions());
        });
        provider.Server.Lifetime = TimeSpan.FromSeconds(50);
        using Measurements measured = new(provider.Services);
        await provider.GetAsync("tenant-idle");
        provider.Time.Advance(TimeSpan.FromSeconds(45));
        await provider.GetAsync("tenant-used");
        provider.Time.Advance(TimeSpan.FromSeconds(10));
        Assert.NotEqual(0, measured.Collect($"{Lifetime}{{oauth.client.name=_OTHER}}"));
    }

    [Fact]
    public async Task Gauges_of_one_client_describe_the_same_token()
    {
        await using TestProvider provider = new();
        using Measurements measured = new(provider.Services);
        await provider.GetAsync("", TestProvider.Scope("used"));
        await provider.GetAsync();
        provider.Server.Always(request => request["scope"] == "used" ? TestResponse.Unavailable() : TestResponse.Token());
        provider.Time.Advance(TimeSpan.FromHours(2));
        await provider.GetAsync();
        await provider.FailAsync("", TestProvider.Scope("used"));

        // The sample alert for "no valid token" is: lifetime == 0 and failures > 0.
        double? failures = measured.Collect("oauth.client.token_request.consecutive_failures{oauth.client.name=}");
        double? lifetime = measured.Collect($"{Lifetime}{{oauth.client.name=}}");
        Assert.Equal((1, 0), (failures, lifetime));
    }

    [Fact]
    public async Task Gauges_can_be_collected_while_clients_come_and_go()
    {
        TestProvider provider = TestProvider.WithServices(services =>
        {
            TestProvider.AddClient(services, "orders");
            services.AddSingleton<IConfigureOptions<ClientCredentialsOptions>>(new TenantOptions());
        });
        using Measurements measured = new(provider.Services);
        using CancellationTokenSource stop = new();
        Task collecting = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                measured.CollectAll();
            }
        });
        for (int round = 0; round < 2000; round++)
        {
            string name = $"tenant-{round % 20}";
            await provider.GetAsync(name, TestProvider.Scope($"{round}"));
            provider.Tokens.Forget(name);
        }

        await provider.DisposeAsync();
        await stop.CancelAsync();
        await collecting;
    }
}
