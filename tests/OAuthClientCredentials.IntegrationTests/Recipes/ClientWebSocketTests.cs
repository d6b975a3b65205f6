using System.Net.WebSockets;
using OAuthClientCredentials.IntegrationTests.Canaries;

namespace OAuthClientCredentials.IntegrationTests.Recipes;

/// <summary>The two recipes for ClientWebSocket with a server in this process.</summary>
public sealed class ClientWebSocketTests : CanaryTests
{
    private LoopbackServer _server = null!;

    private int _rejectedToken;

    private Uri Address => new($"ws://{_server.Address.Authority}/");

    public override async Task InitializeAsync() => _server = await LoopbackServer.StartAsync(RespondAsync, readsBody: _ => false);

    public override async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        await base.DisposeAsync();
    }

    [Fact]
    [Trait("Req", "R-330")]
    public async Task A_WebSocket_sends_the_token_in_its_handshake()
    {
        await using RecipeHost host = new();
        ITokenProvider tokens = host.Tokens;
        Uri address = Address;
        CancellationToken cancellationToken = CancellationToken.None;

        using ClientWebSocket socket = new();
        AccessToken token = await tokens.GetTokenAsync("orders", cancellationToken);
        socket.Options.SetRequestHeader("Authorization", token.AuthorizationHeader.ToString());
        await socket.ConnectAsync(address, cancellationToken);

        Assert.Equal([1], _server.Requests.Select(request => request.Token));
    }

    [Fact]
    [Trait("Req", "R-330")]
    public async Task A_WebSocket_with_the_handler_renews_a_rejected_token()
    {
        string origin = _server.Address.GetLeftPart(UriPartial.Authority);
        await using RecipeHost host = new(services =>
        {
            services.AddHttpClient("orders")
                .AddClientCredentialsHandler("orders", options => options.AllowedOrigins = [origin]);
        });
        IHttpMessageHandlerFactory handlers = host.Services.GetRequiredService<IHttpMessageHandlerFactory>();
        Uri address = Address;
        CancellationToken cancellationToken = CancellationToken.None;
        _rejectedToken = 1;

        using HttpMessageInvoker invoker = new(handlers.CreateHandler("orders"), disposeHandler: false);
        using ClientWebSocket socket = new();
        await socket.ConnectAsync(address, invoker, cancellationToken);

        Assert.Equal([1, 2], _server.Requests.Select(request => request.Token));
    }

    private async Task RespondAsync(HttpContext context)
    {
        if (RecordedRequest.TokenOf(context.Request.Headers.Authorization) == _rejectedToken)
        {
            context.Response.StatusCode = 401;
            return;
        }

        using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync();
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
    }
}
