using System.Collections.Concurrent;
using System.Net;
using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Api;

/// <summary>A ClientWebSocket over the handler that the factory creates.</summary>
public sealed class WebSocketTests
{
    [Theory]
    [Trait("Req", "R-110")]
    [Trait("Req", "R-371")]
    [InlineData(HttpProtocols.Http1, "1.1")]
    [InlineData(HttpProtocols.Http2, "2.0")]
    public async Task A_WebSocket_connects_with_the_token(HttpProtocols protocols, string version)
    {
        ConcurrentQueue<string> seen = new();
        await using LoopbackServer server = await LoopbackServer.StartAsync(
            async context =>
            {
                seen.Enqueue($"{context.Request.Headers.Authorization}");
                using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync();
                await socket.SendAsync("hello"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
                await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
            },
            protocols,
            readsBody: _ => false);
        ServiceCollection services = new();
        services.AddSingleton<ITokenProvider>(new NumberedTokens());
        TestProvider.AddClient(services, "orders");
        services.AddHttpClient("api")
            .AddClientCredentialsHandler("orders", options => options.AllowedOrigins = [server.Address.GetLeftPart(UriPartial.Authority)]);
        await using ServiceProvider provider = services.BuildServiceProvider();
        using HttpMessageInvoker invoker = new(
            provider.GetRequiredService<IHttpMessageHandlerFactory>().CreateHandler("api"),
            disposeHandler: false);

        using ClientWebSocket socket = new();
        socket.Options.HttpVersion = Version.Parse(version);
        socket.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        await socket.ConnectAsync(new($"ws://{server.Address.Authority}/socket"), invoker, CancellationToken.None);
        byte[] buffer = new byte[64];
        WebSocketReceiveResult received = await socket.ReceiveAsync(buffer, CancellationToken.None);
        Assert.Equal("hello", Encoding.UTF8.GetString(buffer, 0, received.Count));
        Assert.Equal(["Bearer token-1"], seen);

        using ClientWebSocket elsewhere = new();
        Exception refused = await Assert.ThrowsAnyAsync<Exception>(
            () => elsewhere.ConnectAsync(new("wss://elsewhere.example.com/socket"), invoker, CancellationToken.None));
        Assert.Contains("https://elsewhere.example.com", $"{refused}", StringComparison.Ordinal);
    }
}
