using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Client;
using OAuthClientCredentials.IntegrationTests.Canaries;

namespace OAuthClientCredentials.IntegrationTests.Recipes;

/// <summary>The SignalR recipe with a hub in this process.</summary>
public sealed class SignalRTests : CanaryTests
{
    private readonly ConcurrentQueue<string> _seen = new();
    private readonly RecipeHost _host = new();
    private readonly WebApplication _server;

    public SignalRTests()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Services.AddSignalR();
        _server = builder.Build();
        _server.Use((context, next) =>
        {
            _seen.Enqueue($"{context.Request.Method} {context.Request.Headers.Authorization}");
            return next(context);
        });
        _server.MapHub<OrdersHub>("/orders");
    }

    public override Task InitializeAsync() => _server.StartAsync();

    public override async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        await _host.DisposeAsync();
        await base.DisposeAsync();
    }

    [Fact]
    [Trait("Req", "R-330")]
    public async Task SignalR_asks_for_the_token_at_each_connect_and_reconnect()
    {
        ITokenProvider tokens = _host.Tokens;
        Uri hub = new($"{_server.Urls.First()}/orders");
        await using HubConnection connection = new HubConnectionBuilder()
            .WithUrl(hub, options => options.AccessTokenProvider = async () => (await tokens.GetTokenAsync("orders")).Value)
            .WithAutomaticReconnect()
            .Build();

        TaskCompletionSource reconnected = new();
        connection.Reconnected += _ =>
        {
            reconnected.SetResult();
            return Task.CompletedTask;
        };
        await connection.StartAsync();
        Assert.All(_seen, seen => Assert.EndsWith($" Bearer {Canary.Marker}-1", seen, StringComparison.Ordinal));
        tokens.Forget("orders");
        int before = _seen.Count;
        await connection.SendAsync("Drop");
        await reconnected.Task.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Contains($"POST Bearer {Canary.Marker}-2", _seen.Skip(before));
    }

    private sealed class OrdersHub : Hub
    {
        public void Drop() => Context.GetHttpContext()!.Abort();
    }
}
