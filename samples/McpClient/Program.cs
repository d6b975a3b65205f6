using System.Collections.Concurrent;
using System.Text.Json;
using ModelContextProtocol.AspNetCore;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;
using OAuthClientCredentials.Testing;

var builder = Host.CreateApplicationBuilder();
builder.Logging.ClearProviders();
var settings = builder.Configuration;

// Without MCP_SERVER, an MCP server and an authorization server run in this process.
await using var servers = settings["MCP_SERVER"] is null ? await Servers.StartAsync(settings) : null;
var address = new Uri(settings["MCP_SERVER"]!);

// The client "mcp". Its tokens are for this MCP server only (RFC 8707).
builder.Services.AddClientCredentials("mcp", o =>
{
    o.Authority = settings["OAUTH_AUTHORITY"];
    o.ClientId = settings["OAUTH_CLIENT_ID"];
    o.ClientSecret = settings["OAUTH_CLIENT_SECRET"];
    o.Scopes = settings["OAUTH_SCOPE"]?.Split(' ') ?? [];
    o.Resources = [address.ToString()];
});
builder.Services.AddHttpClient("mcp", c => c.BaseAddress = address).AddClientCredentialsHandler("mcp");
using var host = builder.Build();

// The MCP SDK sends everything with this HttpClient: tool calls, the stream of the session, and the end of the session.
var http = host.Services.GetRequiredService<IHttpClientFactory>().CreateClient("mcp");
var transport = new HttpClientTransport(new() { Endpoint = address }, http);

// The last protocol version with sessions. By default the SDK prefers 2026-07-28, which has none.
await using var mcp = await McpClient.CreateAsync(transport, new() { ProtocolVersion = "2025-11-25" });
var tools = await mcp.ListToolsAsync();
Console.WriteLine($"The tools of {address}: {string.Join(", ", tools.Select(each => each.Name))}");

var (calls, failed) = (0, 0);
if (servers is null)
{
    if (settings["MCP_TOOL"] is { } tool)
    {
        await CallAsync(tool, []);
    }

    return failed == 0 ? 0 : 1;
}

// The server keeps the total in the session, so 42 shows that the session goes on.
await CallAsync("add", new() { ["number"] = 20 });
servers.RevokeTokens();
Console.WriteLine("The token was revoked.");
var total = await CallAsync("add", new() { ["number"] = 22 });

var sameSession = total == "42";
var requests = servers.TokenRequests;
var renewals = requests - 1;
Console.WriteLine($"{requests} token requests, {renewals} of them after a 401. The session is the same: {sameSession}.");
if (args.Contains("--json"))
{
    var totals = new { toolCalls = calls, failedCalls = failed, tokenRequests = requests, renewalsAfter401 = renewals, sameSession };
    Console.WriteLine(JsonSerializer.Serialize(totals));
}

return (failed, renewals, sameSession) == (0, 1, true) ? 0 : 1;

async Task<string> CallAsync(string tool, Dictionary<string, object?> arguments)
{
    calls++;
    try
    {
        var result = await mcp.CallToolAsync(tool, arguments);
        failed += result.IsError == true ? 1 : 0;
        var text = string.Concat(result.Content.OfType<TextContentBlock>().Select(block => block.Text));
        Console.WriteLine($"{tool}({string.Join(", ", arguments.Values)}): {text}");
        return text;
    }
    catch (Exception exception)
    {
        failed++;
        Console.WriteLine($"{tool} failed: {exception.Message}");
        return "";
    }
}

/// <summary>A protected MCP server and its authorization server, on free loopback ports.</summary>
internal sealed class Servers : IAsyncDisposable
{
    private readonly TestAuthorizationServer _authorization = new();
    private readonly ConcurrentDictionary<string, int> _totals = new();
    private readonly HttpMessageInvoker _tokenCheck;
    private readonly WebApplication _app;

    private Servers(IConfiguration settings)
    {
        settings["OAUTH_AUTHORITY"] = _authorization.Listen().ToString();
        settings["OAUTH_CLIENT_ID"] = "worker";
        settings["OAUTH_CLIENT_SECRET"] = "mcp-sample-secret";
        _authorization.AddClient("worker", "mcp-sample-secret");
        _tokenCheck = new(_authorization.CreateApi());
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddMcpServer()
            .WithHttpTransport(o => o.SessionMode = HttpServerSessionMode.Stateful)
            .WithTools([McpServerTool.Create(Add, new() { Name = "add", Description = "Adds a number to the total of the session." })]);
        _app = builder.Build();

        // What a client needs to know to get a token (RFC 9728).
        _app.MapGet("/.well-known/oauth-protected-resource/mcp", () =>
            new { resource = Address, authorization_servers = new[] { settings["OAUTH_AUTHORITY"] } });
        _app.UseWhen(context => context.Request.Path.StartsWithSegments("/mcp"), mcp => mcp.Use(CheckTokenAsync));
        _app.MapMcp("/mcp");
    }

    public Uri Address => new($"{_app.Urls.First()}/mcp");

    // Only the requests for a token of this MCP server.
    public int TokenRequests => _authorization.Requests.Count(request => request["resource"] == Address.ToString());

    public static async Task<Servers> StartAsync(IConfiguration settings)
    {
        var servers = new Servers(settings);
        await servers._app.StartAsync();
        settings["MCP_SERVER"] = servers.Address.ToString();
        return servers;
    }

    public void RevokeTokens() => _authorization.RevokeTokens();

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        await _authorization.DisposeAsync();
        _tokenCheck.Dispose();
    }

    private int Add(McpServer server, int number) => _totals.AddOrUpdate(server.SessionId!, number, (_, total) => total + number);

    private async Task CheckTokenAsync(HttpContext context, RequestDelegate next)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, Address);
        request.Headers.TryAddWithoutValidation("Authorization", context.Request.Headers.Authorization.ToString());
        using var response = await _tokenCheck.SendAsync(request, context.RequestAborted);
        if (response.IsSuccessStatusCode)
        {
            await next(context);
            return;
        }

        context.Response.StatusCode = 401;
        var metadata = new Uri(Address, "/.well-known/oauth-protected-resource/mcp");
        context.Response.Headers.WWWAuthenticate = $"Bearer error=\"invalid_token\", resource_metadata=\"{metadata}\"";
    }
}
