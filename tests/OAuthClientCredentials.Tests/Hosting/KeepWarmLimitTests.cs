using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OAuthClientCredentials.Hosting;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Hosting;

/// <summary>Warm-up and KeepWarm under bad conditions.</summary>
public sealed class KeepWarmLimitTests
{
    [Fact]
    public async Task KeepWarm_renews_although_the_configuration_reloads_twice_a_second()
    {
        await using TestWorker worker = new(
            services => services.AddClientCredentials(),
            [.. TestProvider.Settings("orders"), ("orders:KeepWarm", "true")]);
        await worker.Host.StartAsync();
        await worker.SettleAsync("orders");
        for (int half = 0; half < 400; half++)
        {
            worker.Time.Advance(TimeSpan.FromSeconds(0.5));
            worker.Reload(("Unrelated", $"{half}"));
            await worker.SettleAsync("orders");
        }

        Assert.True(worker.Server.Requests.Count >= 3, $"{worker.Server.Requests.Count} requests in 200 seconds.");
    }

    [Fact]
    public async Task KeepWarm_does_not_request_expired_tokens_each_second_for_ever()
    {
        await using TestWorker worker = TestWorker.WithClients(options => options.KeepWarm = true, "orders");
        worker.Server.Always(TestResponse.Token(TimeSpan.Zero));
        await worker.Host.StartAsync();
        await worker.SettleAsync("orders");
        await worker.RunAsync(TimeSpan.FromSeconds(120), null, "orders");
        Assert.True(worker.Server.Requests.Count <= 30, $"{worker.Server.Requests.Count} requests in 120 seconds.");
    }

    [Fact]
    public async Task KeepWarm_continues_after_a_listener_threw_a_cancellation()
    {
        await using TestWorker worker = TestWorker.WithClients(options => options.KeepWarm = true, "orders");
        using (new HostileListener(
            worker.Host.Services,
            "oauth.client.token_request.duration",
            () => throw new OperationCanceledException()))
        {
            await worker.Host.StartAsync();
            await Eventually.True(() => worker.Server.Requests.Count == 1);
            await worker.SettleAsync("orders");
        }

        await worker.RunAsync(TimeSpan.FromSeconds(60), null, "orders");

        Assert.Equal(ClientState.Fresh, worker.Tokens.GetStatus("orders").State);
    }

    [Fact]
    public async Task KeepWarm_without_calls_measures_no_waits_of_calls()
    {
        await using TestWorker worker = TestWorker.WithClients(options => options.KeepWarm = true, "orders");
        using Measurements measured = new(worker.Host.Services);
        worker.Server.Always(TestResponse.ConnectionRefused());
        await worker.Host.StartAsync();
        await worker.SettleAsync("orders");
        await worker.RunAsync(TimeSpan.FromSeconds(60), null, "orders");
        Assert.DoesNotContain(measured.Series, series => series.StartsWith("oauth.client.token.wait", StringComparison.Ordinal));
    }

    [Fact]
    public async Task KeepWarm_does_not_hide_the_failure_of_calls_with_their_own_scopes()
    {
        await using TestWorker worker = TestWorker.WithClients(options => options.KeepWarm = true, "orders");
        await worker.Host.StartAsync();
        await worker.SettleAsync("orders");
        worker.Server.Always(request => request["scope"] is null ? TestResponse.Token() : TestResponse.Error("invalid_scope"));
        await Assert.ThrowsAsync<TokenRequestException>(
            async () => await worker.Tokens.GetTokenAsync("orders", TestProvider.Scope("write")));
        Assert.NotNull(worker.Tokens.GetStatus("orders").LastError);
    }
}
