using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace OAuthClientCredentials.Tests.Infrastructure;

/// <summary>A real HTTP server on a free loopback port. It records the requests that it receives.</summary>
internal sealed class LoopbackServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private LoopbackServer(WebApplication app) => _app = app;

    public Uri Address => new(_app.Urls.First());

    public ConcurrentQueue<RecordedRequest> Requests { get; } = new();

    public ConcurrentDictionary<string, bool> Connections { get; } = new();

    /// <summary>Starts a server.</summary>
    /// <param name="respond">Writes the response to a request.</param>
    /// <param name="protocols">HTTP/1.1 or HTTP/2.</param>
    /// <param name="readsBody">Whether the body of a request is read before the response is written. By default each body is read.</param>
    /// <param name="https">The certificates of an https server.</param>
    public static async Task<LoopbackServer> StartAsync(
        RequestDelegate respond,
        HttpProtocols protocols = HttpProtocols.Http1,
        Func<HttpContext, bool>? readsBody = null,
        HttpsConnectionAdapterOptions? https = null)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(
            IPAddress.Loopback,
            0,
            port =>
            {
                port.Protocols = protocols;
                if (https is not null)
                {
                    port.UseHttps(https);
                }
            }));
        builder.Services.AddLogging(logging => logging.ClearProviders());
        LoopbackServer server = new(builder.Build());
        server._app.UseWebSockets();
        server._app.Run(async context =>
        {
            server.Connections.TryAdd(context.Connection.Id, true);
            server.Requests.Enqueue(await RecordedRequest.ReadAsync(context, readsBody?.Invoke(context) ?? true));
            context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
            await respond(context);
        });
        await server._app.StartAsync();
        return server;
    }

    /// <summary>A token endpoint that numbers its tokens.</summary>
    public static Task<LoopbackServer> StartTokenEndpointAsync(double lifetime = 3600)
    {
        int number = 0;
        return StartAsync(context => context.Response.WriteAsync(FormattableString.Invariant(
            $$"""{"access_token":"token-{{Interlocked.Increment(ref number)}}","token_type":"Bearer","expires_in":{{lifetime}}}""")));
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}

/// <summary>A request as a server received it. The body is null if it was not read.</summary>
internal sealed record RecordedRequest(string Method, string Host, string Target, string? Authorization, string? Proof, byte[]? Body)
{
    public string Text => System.Text.Encoding.UTF8.GetString(Body!);

    /// <summary>The number of its token, which is 1 for <c>token-1</c>, or 0 without a token.</summary>
    public int Token => TokenOf(Authorization);

    /// <summary>The number at the end of an Authorization header, or 0 without a header.</summary>
    public static int TokenOf(string? authorization) =>
        string.IsNullOrEmpty(authorization) ? 0 : int.Parse(authorization.Split('-')[^1], CultureInfo.InvariantCulture);

    public static async Task<RecordedRequest> ReadAsync(HttpContext context, bool readsBody)
    {
        HttpRequest request = context.Request;
        byte[]? body = null;
        if (readsBody)
        {
            using MemoryStream copy = new();
            await request.Body.CopyToAsync(copy, context.RequestAborted);
            body = copy.ToArray();
            request.Body = new MemoryStream(body);
        }

        string host = request.Host.ToUriComponent().Split(':')[0];
        string target = $"{request.Path}{request.QueryString}";
        return new(request.Method, host, target, request.Headers.Authorization, request.Headers["DPoP"], body);
    }
}
