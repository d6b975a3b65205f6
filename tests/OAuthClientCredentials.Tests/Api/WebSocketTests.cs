using System.Collections.Concurrent;
using System.Net;
using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace OAuthClientCredentials.Tests.Api;

/// <summary>A ClientWebSocket over the handler that the factory makes.</summary>
public sealed class WebSocketTests
{
    [Theory]
    [Trait("Req", "R-110")]
    [Trait("Req", "R-371")]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_WebSocket_connects_with_the_token(int version)
    {
        ConcurrentQueue<string> seen = new();
        await using WebApplication server = await StartAsync(version == 1 ? HttpProtocols.Http1 : HttpProtocols.Http2, seen);
        Uri address = new(server.Urls.First());
        ServiceCollection services = new();
        services.AddSingleton<ITokenProvider>(new NumberedTokens());
        services.AddClientCredentials(
            "orders",
            options =>
                (options.TokenEndpoint, options.ClientId, options.ClientSecret) = ("https://id.example.com/token", "shop", "secret"));
        services.AddHttpClient("api")
            .AddClientCredentialsHandler("orders", options => options.AllowedOrigins = [address.GetLeftPart(UriPartial.Authority)]);
        await using ServiceProvider provider = services.BuildServiceProvider();
        using HttpMessageInvoker invoker = new(
            provider.GetRequiredService<IHttpMessageHandlerFactory>().CreateHandler("api"),
            disposeHandler: false);

        using ClientWebSocket socket = new();
        socket.Options.HttpVersion = new(version, version == 1 ? 1 : 0);
        socket.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        await socket.ConnectAsync(new($"ws://{address.Authority}/socket"), invoker, CancellationToken.None);
        byte[] buffer = new byte[64];
        WebSocketReceiveResult received = await socket.ReceiveAsync(buffer, CancellationToken.None);
        Assert.Equal("hello", Encoding.UTF8.GetString(buffer, 0, received.Count));
        Assert.Equal([$"HTTP/{(version == 1 ? "1.1" : "2")} Bearer token-1"], seen);

        using ClientWebSocket elsewhere = new();
        Exception refused = await Assert.ThrowsAnyAsync<Exception>(
            () => elsewhere.ConnectAsync(new("wss://elsewhere.example.com/socket"), invoker, CancellationToken.None));
        Assert.Contains("https://elsewhere.example.com", $"{refused}", StringComparison.Ordinal);
    }

    private static async Task<WebApplication> StartAsync(HttpProtocols protocols, ConcurrentQueue<string> seen)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new());
        builder.Services.AddLogging(logging => logging.ClearProviders());
        builder.WebHost.UseKestrelCore()
            .ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, port => port.Protocols = protocols));
        WebApplication app = builder.Build();
        app.UseWebSockets();
        app.Run(async context =>
        {
            seen.Enqueue($"{context.Request.Protocol} {context.Request.Headers.Authorization}");
            using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync();
            await socket.SendAsync("hello"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
            await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
        });
        await app.StartAsync();
        return app;
    }
}
