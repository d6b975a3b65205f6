using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Hosting;

/// <summary>Renewal without a call. No test here calls GetTokenAsync.</summary>
public sealed class KeepWarmTests
{
    [Fact]
    [Trait("Req", "R-106")]
    public async Task KeepWarm_renews_once_in_each_lifetime_without_a_call()
    {
        await using TestWorker worker = TestWorker.WithClients(options => options.KeepWarm = true, "orders");
        await worker.Host.StartAsync();
        await worker.SettleAsync("orders");
        await worker.RunAsync(
            TimeSpan.FromSeconds(1000),
            () => Assert.NotNull(worker.Tokens.GetStatus("orders").ExpiresAt),
            "orders");
        Assert.InRange(worker.Server.Requests.Count, 11, 14);
        Assert.All(GapsOf(worker.Server), seconds => Assert.InRange(seconds, 75, 92));
    }

    [Fact]
    [Trait("Req", "R-106")]
    public async Task KeepWarm_backs_off_in_an_outage_and_recovers_without_a_call()
    {
        await using TestWorker worker = TestWorker.WithClients(options => options.KeepWarm = true, "orders");
        worker.Server.Outage();
        await worker.Host.StartAsync();
        await worker.SettleAsync("orders");
        await worker.RunAsync(TimeSpan.FromMinutes(5), null, "orders");
        double[] gaps = GapsOf(worker.Server);
        double[] waits = [1, 2, 4, .. gaps.Skip(3).Select(_ => 5d)];
        Assert.All(gaps.Zip(waits), pair => Assert.InRange(pair.First, pair.Second, (pair.Second * 1.25) + 1));
        Assert.InRange(gaps.Length, 300 / 7, 300 / 5);
        worker.Server.Recover();
        await worker.RunAsync(TimeSpan.FromSeconds(8), null, "orders");
        Assert.Equal(ClientState.Fresh, worker.Tokens.GetStatus("orders").State);
    }

    [Fact]
    [Trait("Req", "R-190")]
    public async Task KeepWarm_obeys_the_cool_down_of_a_rejected_credential()
    {
        await using TestWorker worker = TestWorker.WithClients(options => options.KeepWarm = true, "orders");
        worker.Server.Always(TestResponse.Error("invalid_client"));
        await worker.Host.StartAsync();
        await worker.SettleAsync("orders");
        await worker.RunAsync(TimeSpan.FromMinutes(2), null, "orders");
        Assert.All(GapsOf(worker.Server).Zip([10, 20, 40]), pair => Assert.InRange(pair.First, pair.Second, (pair.Second * 1.25) + 2));
        Assert.InRange(worker.Server.Requests.Count, 4, 5);
    }

    [Fact]
    [Trait("Req", "R-106")]
    public async Task KeepWarm_ends_when_the_host_stops()
    {
        await using TestWorker worker = new(
            services => services.AddClientCredentials(),
            [.. TestProvider.Settings("orders"), ("orders:KeepWarm", "true")]);
        await worker.Host.StartAsync();
        await worker.SettleAsync("orders");
        await worker.Host.StopAsync();
        worker.Reload(("orders:MaxRetries", "1"));
        await worker.RunAsync(TimeSpan.FromSeconds(300), null, "orders");
        worker.Server.Verify(1);
    }

    [Fact]
    [Trait("Req", "R-106")]
    public async Task KeepWarm_follows_a_reload_that_adds_and_changes_clients()
    {
        await using TestWorker worker = new(services => services.AddClientCredentials(), TestProvider.Settings("orders"));
        await worker.Host.StartAsync();
        await worker.RunAsync(TimeSpan.FromSeconds(5), null, "orders");
        worker.Server.Verify(0);
        worker.Reload([.. TestProvider.Settings("stock", "stock"), ("stock:KeepWarm", "true")]);
        await worker.RunAsync(TimeSpan.FromSeconds(200), null, "stock");
        Assert.InRange(worker.Server.Requests.Count, 3, 4);
        Assert.All(worker.Server.Requests, request => Assert.Equal("stock", request.ClientId));
        worker.Reload(("stock:KeepWarm", "false"), ("orders:KeepWarm", "true"));
        int before = worker.Server.Requests.Count;
        await worker.RunAsync(TimeSpan.FromSeconds(200), null, "orders");
        Assert.InRange(worker.Server.Requests.Count - before, 3, 4);
        Assert.All(worker.Server.Requests.Skip(before), request => Assert.Equal("shop", request.ClientId));
    }

    [Fact]
    [Trait("Req", "R-106")]
    public async Task KeepWarm_continues_beside_a_slow_a_failing_and_an_invalid_client()
    {
        await using TestWorker worker = new(
            services => services.AddClientCredentials(),
            [.. Warm("failing"), .. Warm("slow"), ("slow:Timeout", "00:10:00"), ("slow:AttemptTimeout", "00:10:00"), .. Warm("stock")]);
        worker.Server.Always(request => request.ClientId switch
        {
            "failing" => TestResponse.ConnectionRefused(),
            "slow" => TestResponse.Token().After(Timeout.InfiniteTimeSpan),
            _ => TestResponse.Token(),
        });
        await worker.Host.StartAsync();
        worker.Reload(("invalid:ClientId", "shop"), ("invalid:KeepWarm", "true"));
        await worker.SettleAsync("failing", "stock");
        await worker.RunAsync(
            TimeSpan.FromSeconds(300),
            () => Assert.NotNull(worker.Tokens.GetStatus("stock").ExpiresAt),
            "failing",
            "stock");
        worker.Server.Verify(1, request => request.ClientId == "slow");

        static (string, string?)[] Warm(string name) => [.. TestProvider.Settings(name, name), ($"{name}:KeepWarm", "true")];
    }

    private static double[] GapsOf(TestAuthorizationServer server)
    {
        DateTimeOffset[] times = [.. server.Requests.Select(request => request.At)];
        return [.. times.Zip(times.Skip(1), (earlier, later) => (later - earlier).TotalSeconds)];
    }
}
