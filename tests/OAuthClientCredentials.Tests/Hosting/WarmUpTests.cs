using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Hosting;

/// <summary>What a host requests while it starts, and when a failure stops it.</summary>
public sealed class WarmUpTests
{
    [Fact]
    [Trait("Req", "R-106")]
    public async Task Background_delays_and_fails_no_start()
    {
        await using TestWorker worker = TestWorker.WithClients(options => options.WarmUp = WarmUp.Background, "orders", "stock");
        TaskCompletionSource open = new();
        worker.Server.Always(request => ResponseTo(request).After(open.Task));
        await worker.Host.StartAsync();
        Assert.Equal(ClientState.Requesting, worker.Tokens.GetStatus("orders").State);
        open.SetResult();
        await worker.SettleAsync("orders", "stock");
        Assert.Equal(ClientState.Fresh, worker.Tokens.GetStatus("stock").State);
        Assert.Equal(ClientState.Failed, worker.Tokens.GetStatus("orders").State);
        worker.Server.Verify(2);

        static TestResponse ResponseTo(TestTokenRequest request) =>
            request.ClientId == "orders" ? TestResponse.ConnectionRefused() : TestResponse.Token();
    }

    [Fact]
    [Trait("Req", "R-106")]
    public async Task Without_WarmUp_and_KeepWarm_nothing_is_requested()
    {
        await using TestWorker worker = TestWorker.WithClients(_ => { }, "orders");
        await worker.Host.StartAsync();
        await worker.RunAsync(TimeSpan.FromMinutes(1), null, "orders");
        await worker.Host.StopAsync();
        worker.Server.Verify(0);
    }

    [Theory]
    [Trait("Req", "R-324")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Web_server_does_not_listen_before_it_has_the_required_token(bool isOutage)
    {
        TestAuthorizationServer server = new(new TestTimeProvider());
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        TestProvider.AddClient(builder.Services, "orders", options => options.WarmUp = WarmUp.RequireAtStart);
        builder.Services.UseTestAuthorizationServer(server);
        TaskCompletionSource open = new();
        TestResponse response = isOutage ? TestResponse.ConnectionRefused() : TestResponse.Token();
        server.Always(response.After(open.Task));
        await using WebApplication app = builder.Build();
        Task start = app.StartAsync();
        await Eventually.True(() => server.Requests.Count == 1);
        Assert.False(IsListening());
        open.SetResult();
        if (!isOutage)
        {
            await start;
            Assert.True(IsListening());
            return;
        }

        TokenRequestException atStart = await Assert.ThrowsAsync<TokenRequestException>(() => start);
        Assert.False(IsListening());
        TokenRequestException ofCall = await Assert.ThrowsAsync<TokenRequestException>(
            async () => await app.Services.GetRequiredService<ITokenProvider>().GetTokenAsync("orders"));
        Assert.Equal(ofCall.Message, atStart.Message);
        Assert.Equal("orders", atStart.ClientName);

        // The server adds its addresses when it listens.
        bool IsListening() => app.Urls.Count > 0;
    }

    [Fact]
    [Trait("Req", "R-324")]
    public async Task Required_tokens_are_requested_in_parallel_before_other_services_start()
    {
        ClientState stateAtStart = default;
        await using TestWorker worker = new(services =>
        {
            services.AddHostedService(provider => new OnStart(() =>
                stateAtStart = provider.GetRequiredService<TokenProvider>().GetStatus("orders").State));
            TestProvider.AddClient(services, "orders", options => options.WarmUp = WarmUp.RequireAtStart);
            TestProvider.AddClient(services, "stock", options => options.WarmUp = WarmUp.RequireAtStart);
            TestProvider.AddClient(services, "other");
        });
        TaskCompletionSource both = new();
        worker.Server.Always(TestResponse.Token().After(both.Task));
        Task start = worker.Host.StartAsync();
        await Eventually.True(() => worker.Server.Requests.Count == 2);
        both.SetResult();
        await start;
        Assert.Equal(ClientState.Fresh, stateAtStart);
        Assert.Equal(["orders", "stock"], worker.Server.Requests.Select(request => request.ClientId).Order());
    }

    [Fact]
    [Trait("Req", "R-324")]
    public async Task Several_failed_clients_are_all_reported_at_start()
    {
        await using TestWorker worker = TestWorker.WithClients(
            options => options.WarmUp = WarmUp.RequireAtStart,
            "orders",
            "stock",
            "billing");
        worker.Server.Always(request => request.ClientId == "billing" ? TestResponse.Token() : TestResponse.Error("invalid_client"));
        AggregateException exception = await Assert.ThrowsAsync<AggregateException>(() => worker.Host.StartAsync());
        Assert.Equal(
            ["orders", "stock"],
            exception.InnerExceptions.Select(inner => Assert.IsType<TokenRequestException>(inner).ClientName).Order());
        Assert.Contains("ClientCredentials:stock:ClientId", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-106")]
    public async Task Required_token_is_awaited_no_longer_than_Timeout()
    {
        await using TestWorker worker = TestWorker.WithClients(
            options => (options.WarmUp, options.Timeout) = (WarmUp.RequireAtStart, TimeSpan.FromSeconds(5)),
            "orders");
        worker.Server.Always(TestResponse.Token().After(Timeout.InfiniteTimeSpan));
        DateTimeOffset before = worker.Time.GetUtcNow();
        Task start = worker.Host.StartAsync();
        await Eventually.True(() => worker.Server.Requests.Count == 1);
        await worker.Time.AdvanceUntilAsync(start, TimeSpan.FromSeconds(1));
        await Assert.ThrowsAsync<TokenRequestException>(() => start);
        Assert.InRange((worker.Time.GetUtcNow() - before).TotalSeconds, 5, 7);
    }

    [Fact]
    [Trait("Req", "R-106")]
    public async Task Cancelled_start_ends_the_wait_for_the_required_token()
    {
        await using TestWorker worker = TestWorker.WithClients(options => options.WarmUp = WarmUp.RequireAtStart, "orders");
        worker.Server.Always(TestResponse.Token().After(Timeout.InfiniteTimeSpan));
        using CancellationTokenSource cancel = new();
        Task start = worker.Host.StartAsync(cancel.Token);
        await Eventually.True(() => worker.Server.Requests.Count == 1);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => start);
    }

    [Fact]
    [Trait("Req", "R-324")]
    public async Task WarmUp_and_KeepWarm_are_bound_and_validated()
    {
        await using TestProvider provider = TestProvider.FromConfiguration(
        [
            .. TestProvider.Settings("orders"),
            ("orders:WarmUp", "Background"),
            ("orders:KeepWarm", "true"),
            .. TestProvider.Settings("stock"),
            ("stock:WarmUp", "7"),
        ]);
        Assert.Equal((WarmUp.Background, true), (provider.Options("orders").WarmUp, provider.Options("orders").KeepWarm));
        Assert.Equal(
            "ClientCredentials:stock:WarmUp must be Off, Background or RequireAtStart.",
            Assert.Single(provider.ValidateOnStart()));
    }

    [Theory]
    [Trait("Req", "R-106")]
    [InlineData(WarmUp.Background, false)]
    [InlineData(WarmUp.RequireAtStart, false)]
    [InlineData(WarmUp.Off, true)]
    public void TokenProvider_without_a_host_refuses_WarmUp_and_KeepWarm(WarmUp warmUp, bool keepWarm)
    {
        OptionsValidationException exception = Assert.Throws<OptionsValidationException>(() => TokenProvider.Create(options =>
        {
            TestProvider.Configure(options);
            (options.WarmUp, options.KeepWarm) = (warmUp, keepWarm);
        }));
        Assert.Contains("WarmUp and KeepWarm need a host", exception.Message, StringComparison.Ordinal);
    }

    private sealed class OnStart(Action onStart) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken)
        {
            onStart();
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
