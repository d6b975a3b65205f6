using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace OAuthClientCredentials.Soak;

/// <summary>An authorization server and an API over real sockets, with faults that the run specifies.</summary>
internal sealed class SoakServer : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, DateTimeOffset> _tokens = new();
    private readonly WebApplication _app;
    private int _connections;
    private int _issued;
    private int _requests;

    public SoakServer()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Use(next => async connection =>
        {
            Interlocked.Increment(ref _connections);
            await next(connection);
            Interlocked.Decrement(ref _connections);
        })));
        _app = builder.Build();
        _app.MapPost("/token", IssueTokenAsync);
        _app.MapGet("/orders", CallAsync);
    }

    public TimeSpan Lifetime { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Runs before a token is issued. It returns whether it completed or aborted the response.</summary>
    public Func<HttpContext, Task<bool>> Fault { get; set; } = _ => Task.FromResult(false);

    /// <summary>Runs before the response to an API call.</summary>
    public Func<Task> BeforeCall { get; set; } = () => Task.CompletedTask;

    public int Connections => Volatile.Read(ref _connections);

    public int Issued => Volatile.Read(ref _issued);

    public int Requests => Volatile.Read(ref _requests);

    public async Task<ServiceProvider> StartAsync()
    {
        await _app.StartAsync();
        Uri address = new(_app.Urls.Single());
        ServiceCollection services = new();
        services.AddClientCredentials(options =>
            (options.TokenEndpoint, options.ClientId, options.ClientSecret) = ($"{address}token", "shop", "secret"));
        services.AddHttpClient("api", client => client.BaseAddress = address).AddClientCredentialsHandler().RemoveAllLoggers();
        return services.BuildServiceProvider();
    }

    public void RevokeTokens() => _tokens.Clear();

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task CallAsync(HttpContext context)
    {
        bool isKnown = _tokens.TryGetValue(context.Request.Headers.Authorization.ToString(), out DateTimeOffset expiry);
        await BeforeCall();
        context.Response.StatusCode = isKnown && expiry > DateTimeOffset.UtcNow ? 200 : 401;
    }

    private async Task IssueTokenAsync(HttpContext context)
    {
        Interlocked.Increment(ref _requests);
        if (await Fault(context))
        {
            return;
        }

        string token = $"token-{Interlocked.Increment(ref _issued)}";
        _tokens[$"Bearer {token}"] = DateTimeOffset.UtcNow + Lifetime;
        await context.Response.WriteAsync($$"""{"access_token":"{{token}}","expires_in":{{Lifetime.TotalSeconds}}}""");
    }
}
