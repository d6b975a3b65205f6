using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;

namespace Observability.Demo;

/// <summary>An authorization server and an API on a free loopback port. They fail as the switches say.</summary>
/// <remarks>It accepts <c>billing</c> without a look at its certificate, because plain http has no client certificates.</remarks>
internal sealed class DemoServer : IAsyncDisposable
{
    public const string OrdersClientId = "shop-orders";
    public const string BillingClientId = "shop-billing";

    private static readonly TimeSpan Latency = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(60);

    private readonly ConcurrentDictionary<string, DateTimeOffset> _tokens = new(StringComparer.Ordinal);
    private readonly Switches _switches;
    private readonly TimeProvider _timeProvider = TimeProvider.System;
    private readonly WebApplication _app;

    private DemoServer(Switches switches)
    {
        _switches = switches;
        TokenRequests = new(StringComparer.Ordinal)
        {
            [OrdersClientId] = new(_timeProvider),
            [BillingClientId] = new(_timeProvider),
        };
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _app = builder.Build();
        _app.MapPost("/token", IssueTokenAsync);
        _app.MapGet("/orders", context => RespondAsync(context, [new Order(42, "Tea"), new Order(43, "Coffee")]));
        _app.MapGet("/invoices", context => RespondAsync(context, [1001, 1002]));
    }

    public string OrdersSecret { get; } = RandomNumberGenerator.GetHexString(32);

    public Uri Address => new(_app.Urls.First());

    public string TokenEndpoint => $"{Address}token";

    /// <summary>The token requests received, by client id.</summary>
    public Dictionary<string, Counter> TokenRequests { get; }

    public static async Task<DemoServer> StartAsync(Switches switches)
    {
        DemoServer server = new(switches);
        await server._app.StartAsync();
        return server;
    }

    public void RevokeTokens() => _tokens.Clear();

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task<IResult> IssueTokenAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        await Task.Delay(Latency, _timeProvider, cancellationToken);
        IFormCollection form = await request.ReadFormAsync(cancellationToken);
        (string clientId, string secret) = ReadCredentials(request, form);
        if (!TokenRequests.TryGetValue(clientId, out Counter? counter))
        {
            return InvalidClient();
        }

        bool isAccepted = clientId == BillingClientId || (secret == OrdersSecret && !_switches.WrongSecret);
        counter.Add(succeeded: isAccepted && !_switches.Outage);
        if (_switches.Outage)
        {
            return Results.StatusCode(StatusCodes.Status503ServiceUnavailable);
        }

        if (!isAccepted)
        {
            return InvalidClient();
        }

        return Results.Json(new Dictionary<string, object>
        {
            ["access_token"] = CreateToken(),
            ["token_type"] = "Bearer",
            ["expires_in"] = (int)Lifetime.TotalSeconds,
            ["scope"] = form["scope"].ToString(),
        });
    }

    private string CreateToken()
    {
        DateTimeOffset now = _timeProvider.GetUtcNow();
        foreach ((string expired, _) in _tokens.Where(token => token.Value < now))
        {
            _tokens.TryRemove(expired, out _);
        }

        string created = RandomNumberGenerator.GetHexString(40);
        _tokens[created] = now + Lifetime;
        return created;
    }

    private Task RespondAsync<T>(HttpContext context, T[] items)
    {
        string header = context.Request.Headers.Authorization.ToString();
        bool isValid = AuthenticationHeaderValue.TryParse(header, out AuthenticationHeaderValue? authorization)
            && authorization.Scheme == "Bearer"
            && _tokens.TryGetValue(authorization.Parameter ?? "", out DateTimeOffset end)
            && end > _timeProvider.GetUtcNow();
        if (isValid && !_switches.RejectTokens)
        {
            return context.Response.WriteAsJsonAsync(items, context.RequestAborted);
        }

        context.Response.StatusCode = StatusCodes.Status401Unauthorized;
        context.Response.Headers.WWWAuthenticate = "Bearer error=\"invalid_token\"";
        return Task.CompletedTask;
    }

    // A secret comes by HTTP Basic (RFC 6749 section 2.3.1). The client id of a client with a certificate is a form field.
    private static (string ClientId, string Secret) ReadCredentials(HttpRequest request, IFormCollection form)
    {
        string header = request.Headers.Authorization.ToString();
        if (!AuthenticationHeaderValue.TryParse(header, out AuthenticationHeaderValue? basic) || basic.Scheme != "Basic")
        {
            return (form["client_id"].ToString(), "");
        }

        string[] parts = Encoding.UTF8.GetString(Convert.FromBase64String(basic.Parameter ?? "")).Split(':', 2);
        return (parts[0], parts[^1]);
    }

    private static IResult InvalidClient() =>
        Results.Json(new { error = "invalid_client" }, statusCode: StatusCodes.Status401Unauthorized);
}
