using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.AspNetCore.Authentication;
using ModelContextProtocol;
using ModelContextProtocol.AspNetCore;
using ModelContextProtocol.AspNetCore.Authentication;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;
using OAuthClientCredentials.IntegrationTests.Canaries;
using OAuthClientCredentials.Testing;

namespace OAuthClientCredentials.IntegrationTests.Mcp;

/// <summary>A request that the MCP server received.</summary>
/// <param name="Method">The HTTP method.</param>
/// <param name="Session">The id of the session, or nothing.</param>
/// <param name="Token">The number of the token.</param>
/// <param name="Status">The status of the response.</param>
internal sealed record McpCall(string Method, string Session, int Token, int Status);

/// <summary>A protected MCP server on a loopback port, its authorization server, and an application that is a client of both.</summary>
internal sealed class McpServerHost : IAsyncDisposable
{
    /// <summary>The last protocol version with sessions.</summary>
    public const string WithSessions = "2025-11-25";

    private readonly ConcurrentBag<HttpContext> _streams = [];
    private WebApplication _app = null!;
    private ServiceProvider? _application;
    private int _tokens;
    private int _additions;

    private McpServerHost(TestAuthorizationServer authorization)
    {
        Authorization = authorization;
        Authorization.Always(_ => TestResponse.Token(value: $"{Canary.Marker}-{Interlocked.Increment(ref _tokens)}"));
    }

    public TestAuthorizationServer Authorization { get; }

    public ConcurrentQueue<McpCall> Calls { get; } = new();

    public Uri Address => new($"{_app.Urls.First()}/mcp");

    /// <summary>The server's side of the last session.</summary>
    public McpServer? Session { get; private set; }

    /// <summary>Revokes the token while this addition runs.</summary>
    public int RevokeAtAddition { get; set; }

    /// <summary>The endpoint that the server names to clients that use SSE without streamable HTTP. By default it is its own.</summary>
    public Uri? MessageEndpoint { get; set; }

    /// <summary>The tool "progress" ends after this.</summary>
    public TaskCompletionSource ProgressSeen { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Starts the servers.</summary>
    /// <param name="authorization">The authorization server. By default it has the system clock.</param>
    /// <param name="configure">Configures the challenge and the metadata of the protected resource.</param>
    public static async Task<McpServerHost> StartAsync(
        TestAuthorizationServer? authorization = null,
        Action<McpAuthenticationOptions>? configure = null)
    {
        McpServerHost host = new(authorization ?? new());
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddSingleton(host.Authorization.CreateApi()).AddAuthorization();
        builder.Services.AddAuthentication(authentication =>
            {
                authentication.DefaultAuthenticateScheme = nameof(McpTokenCheck);
                authentication.DefaultChallengeScheme = McpAuthenticationDefaults.AuthenticationScheme;
            })
            .AddScheme<AuthenticationSchemeOptions, McpTokenCheck>(nameof(McpTokenCheck), configureOptions: null)
            .AddMcp(mcp =>
            {
                mcp.ResourceMetadata = new() { AuthorizationServers = { "https://id.example.com" } };
                configure?.Invoke(mcp);
            });
        host.AddMcpServer(builder.Services);
        host._app = builder.Build();
        host._app.Use(host.RecordAsync);
        host._app.UseAuthentication();
        host._app.UseAuthorization();
        host._app.MapMcp("/mcp").RequireAuthorization();
        await host._app.StartAsync();
        return host;
    }

    /// <summary>Connects as a worker does: an HttpClient with our handler, handed to the SDK's transport.</summary>
    public Task<McpClient> ConnectAsync(McpClientOptions? options = null, HttpTransportMode mode = HttpTransportMode.AutoDetect)
    {
        ServiceCollection services = new();
        services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(Canary.Listeners.Logger));
        services.AddClientCredentials("mcp", o =>
        {
            o.Authority = "https://id.example.com";
            o.ClientId = "worker";
            o.ClientSecret = Canary.Marker;
            o.Resources = [Address.ToString()];
        });
        services.AddHttpClient("mcp", client => client.BaseAddress = Address).AddClientCredentialsHandler("mcp");
        _application = services.UseTestAuthorizationServer(Authorization).BuildServiceProvider();
        Uri endpoint = mode == HttpTransportMode.Sse ? new($"{Address}/sse") : Address;
        HttpClientTransport transport = new(
            new() { Endpoint = endpoint, TransportMode = mode, DefaultReconnectionInterval = TimeSpan.FromMilliseconds(10) },
            _application.GetRequiredService<IHttpClientFactory>().CreateClient("mcp"),
            _application.GetRequiredService<ILoggerFactory>(),
            ownsHttpClient: true);
        return McpClient.CreateAsync(transport, options ?? new() { ProtocolVersion = WithSessions });
    }

    /// <summary>Waits until the server has received a call, and returns it.</summary>
    public async Task<McpCall> WaitForAsync(Func<McpCall, bool> condition)
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            if (Calls.FirstOrDefault(condition) is { } call)
            {
                return call;
            }

            Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(30), string.Join('\n', Calls));
            await Task.Delay(10);
        }
    }

    /// <summary>Breaks the connections of all streams that were opened with GET.</summary>
    public void CutStreams()
    {
        while (_streams.TryTake(out HttpContext? stream))
        {
            stream.Abort();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_application is not null)
        {
            await _application.DisposeAsync();
        }

        await _app.DisposeAsync();
        await Authorization.DisposeAsync();
    }

    private void AddMcpServer(IServiceCollection services)
    {
        services.AddDistributedMemoryCache();
#pragma warning disable MCPEXP002 // The callback for sessions is the only way to the server's side of a session.
#pragma warning disable MCP9004 // Older clients use SSE without streamable HTTP.
#pragma warning disable MCP9006 // The stream of a session can be resumed only with this store.
        services.AddMcpServer()
            .WithDistributedCacheEventStreamStore(store => store.StreamReaderPollingInterval = TimeSpan.FromMilliseconds(10))
            .WithHttpTransport(transport =>
            {
                transport.SessionMode = HttpServerSessionMode.StatefulForInitializeClients;
                transport.EnableLegacySse = true;
                transport.RunSessionHandler = (_, server, cancellationToken) =>
                {
                    Session = server;
                    return server.RunAsync(cancellationToken);
                };
            })
            .WithTools([
                McpServerTool.Create(Add, new() { Name = "add" }),
                McpServerTool.Create(ReportProgressAsync, new() { Name = "progress" }),
                McpServerTool.Create(AskAsync, new() { Name = "ask" }),
            ]);
#pragma warning restore MCP9006
#pragma warning restore MCP9004
#pragma warning restore MCPEXP002
    }

    private int Add(int a, int b)
    {
        if (Interlocked.Increment(ref _additions) == RevokeAtAddition)
        {
            Authorization.RevokeTokens();
        }

        return a + b;
    }

    private async Task<string> ReportProgressAsync(IProgress<ProgressNotificationValue> progress)
    {
        progress.Report(new() { Progress = 1 });
        await ProgressSeen.Task.WaitAsync(TimeSpan.FromSeconds(30));
        return "done";
    }

    // The client's reply is a request of its own, and its token is no longer valid.
    private async Task<string> AskAsync(McpServer server, CancellationToken cancellationToken)
    {
        Authorization.RevokeTokens();
        ElicitResult result = await server.ElicitAsync(new() { Message = "Which order?", RequestedSchema = new() }, cancellationToken);
        return result.Action;
    }

    private Task RecordAsync(HttpContext context, RequestDelegate next)
    {
        if (context.Request.Method == "GET")
        {
            _streams.Add(context);
        }

        context.Response.OnStarting(() =>
        {
            Calls.Enqueue(new(
                context.Request.Method,
                context.Request.Headers["Mcp-Session-Id"].ToString(),
                RecordedRequest.TokenOf(context.Request.Headers.Authorization),
                context.Response.StatusCode));
            return Task.CompletedTask;
        });
        return MessageEndpoint is null ? next(context) : NameMessageEndpointAsync(context);
    }

    private async Task NameMessageEndpointAsync(HttpContext context)
    {
        context.Response.ContentType = "text/event-stream";
        await context.Response.WriteAsync($"event: endpoint\ndata: {MessageEndpoint}\n\n");
        await context.Response.Body.FlushAsync();
        await Task.Delay(Timeout.InfiniteTimeSpan, context.RequestAborted);
    }
}
