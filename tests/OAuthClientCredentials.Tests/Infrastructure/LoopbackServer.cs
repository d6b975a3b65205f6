using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace OAuthClientCredentials.Tests.Infrastructure;

/// <summary>A real HTTP server on a free loopback port, and a log of what reached it.</summary>
internal sealed class LoopbackServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private LoopbackServer(WebApplication app) => _app = app;

    public Uri Address => new(_app.Urls.First());

    public ConcurrentQueue<Arrival> Arrivals { get; } = new();

    public ConcurrentDictionary<string, bool> Connections { get; } = new();

    public static async Task<LoopbackServer> StartAsync(RequestDelegate answer)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Services.AddLogging(logging => logging.ClearProviders());
        LoopbackServer server = new(builder.Build());
        server._app.Run(async context =>
        {
            using MemoryStream body = new();
            await context.Request.Body.CopyToAsync(body);
            server.Connections.TryAdd(context.Connection.Id, true);
            server.Arrivals.Enqueue(new(context.Request.Method, context.Request.Path + context.Request.QueryString, context.Request.Headers.Authorization, context.Request.Headers["DPoP"], body.ToArray()));
            body.Position = 0;
            context.Request.Body = body;
            context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
            await answer(context);
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

internal sealed record Arrival(string Method, string Target, string? Authorization, string? Proof, byte[] Body)
{
    public string Text => System.Text.Encoding.UTF8.GetString(Body);
}
