using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Api;

/// <summary>A ClientWebSocket over the handler that the factory creates.</summary>
[Trait("Req", "R-110")]
public sealed class WebSocketTests
{
    private readonly ConcurrentQueue<string> _seen = new();
    private readonly NumberedTokens _tokens = new();

    [Theory]
    [Trait("Req", "R-371")]
    [InlineData(HttpProtocols.Http1, "1.1", "ws", "AllowedOrigins")]
    [InlineData(HttpProtocols.Http2, "2.0", "ws", "AllowedOrigins")]
    [InlineData(HttpProtocols.Http1, "1.1", "wss", "AllowedOrigins")]
    [InlineData(HttpProtocols.Http2, "2.0", "wss", "AllowedOrigins")]
    [InlineData(HttpProtocols.Http1, "1.1", "ws", "BaseAddress of an HttpClient")]
    [InlineData(HttpProtocols.Http2, "2.0", "wss", "BaseAddress of an HttpClient")]
    public async Task A_WebSocket_connects_with_the_token(HttpProtocols protocols, string version, string scheme, string allowedBy)
    {
        await using LoopbackServer server = await StartAsync(protocols, hasTls: scheme == "wss");
        bool isListed = allowedBy == "AllowedOrigins";
        string[] allowed = isListed ? [Origin(server)] : [];
        await using ServiceProvider provider = Services(server.Address, options => options.AllowedOrigins = allowed);
        if (!isListed)
        {
            _ = provider.GetRequiredService<IHttpClientFactory>().CreateClient("api");
        }

        using HttpMessageInvoker invoker = Invoker(provider);
        Assert.Equal("hello", await ConnectAsync($"{scheme}://{server.Address.Authority}/socket", invoker, version));
        Assert.Equal(["Bearer token-1"], _seen);
    }

    [Theory]
    [Trait("Req", "R-116")]
    [InlineData(HttpProtocols.Http1, "1.1")]
    [InlineData(HttpProtocols.Http2, "2.0")]
    public async Task A_WebSocket_whose_token_is_rejected_connects_with_a_new_one(HttpProtocols protocols, string version)
    {
        await using LoopbackServer server = await StartAsync(protocols, rejectsFirst: true);
        await using ServiceProvider provider = Services(server.Address, options => options.AllowedOrigins = [Origin(server)]);
        using HttpMessageInvoker invoker = Invoker(provider);
        Assert.Equal("hello", await ConnectAsync($"ws://{server.Address.Authority}/socket", invoker, version));
        Assert.Equal(["Bearer token-1", "Bearer token-2"], _seen);
    }

    [Fact]
    public async Task A_WebSocket_to_another_origin_is_refused()
    {
        await using ServiceProvider provider = Services(new("https://api.example.com"), o => o.AllowedOrigins = ["wss://api.example.com"]);
        using HttpMessageInvoker invoker = Invoker(provider);
        Exception? refused = await Record.ExceptionAsync(() => ConnectAsync("wss://elsewhere.example.com/socket", invoker));
        const string Line = "o.AllowedOrigins = [\"https://api.example.com\", \"https://elsewhere.example.com\"]";
        Assert.Contains(Line, $"{refused}", StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_WebSocket_of_a_handler_whose_HttpClient_was_never_created_is_refused_with_the_line_to_add()
    {
        await using ServiceProvider provider = Services(new("https://api.example.com"));
        using HttpMessageInvoker invoker = Invoker(provider);
        Exception? refused = await Record.ExceptionAsync(() => ConnectAsync("wss://api.example.com/socket", invoker));
        Assert.Contains("no HttpClient with a BaseAddress was created under this name", $"{refused}", StringComparison.Ordinal);
        Assert.Contains("o.AllowedOrigins = [\"https://api.example.com\"]", $"{refused}", StringComparison.Ordinal);
    }

    private static string Origin(LoopbackServer server) => server.Address.GetLeftPart(UriPartial.Authority);

    private static HttpMessageInvoker Invoker(ServiceProvider provider) =>
        new(provider.GetRequiredService<IHttpMessageHandlerFactory>().CreateHandler("api"), disposeHandler: false);

    private static async Task<string> ConnectAsync(string address, HttpMessageInvoker invoker, string version = "1.1")
    {
        using ClientWebSocket socket = new();
        socket.Options.HttpVersion = Version.Parse(version);
        socket.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        await socket.ConnectAsync(new(address), invoker, CancellationToken.None);
        byte[] buffer = new byte[64];
        WebSocketReceiveResult received = await socket.ReceiveAsync(buffer, CancellationToken.None);
        return Encoding.UTF8.GetString(buffer, 0, received.Count);
    }

    private ServiceProvider Services(Uri baseAddress, Action<AccessTokenHandlerOptions>? configure = null)
    {
        ServiceCollection services = new();
        services.AddSingleton<ITokenProvider>(_tokens);
        TestProvider.AddClient(services, "orders");
        services.AddHttpClient("api", client => client.BaseAddress = baseAddress)
            .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler
            {
                SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true },
            })
            .AddClientCredentialsHandler("orders", configure);
        return services.BuildServiceProvider();
    }

    private async Task<LoopbackServer> StartAsync(HttpProtocols protocols, bool hasTls = false, bool rejectsFirst = false)
    {
        HttpsConnectionAdapterOptions? https = hasTls ? new() { ServerCertificate = Certificates.Create() } : null;
        return await LoopbackServer.StartAsync(RespondAsync, protocols, readsBody: _ => false, https);

        async Task RespondAsync(HttpContext context)
        {
            _seen.Enqueue($"{context.Request.Headers.Authorization}");
            if (rejectsFirst && _seen.Count == 1)
            {
                context.Response.StatusCode = 401;
                return;
            }

            using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync();
            await socket.SendAsync("hello"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
            await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
        }
    }
}
