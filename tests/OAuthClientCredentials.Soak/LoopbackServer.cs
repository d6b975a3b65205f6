using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace OAuthClientCredentials.Soak;

/// <summary>An authorization server and an API behind real sockets. What it does wrong is said from outside.</summary>
internal sealed class LoopbackServer : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, DateTimeOffset> _tokens = new();
    private readonly WebApplication _app;
    private int _connections;
    private int _issued;
    private int _requests;

    public LoopbackServer()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(System.Net.IPAddress.Loopback, 0, listen => listen.Use(next => async connection =>
        {
            Interlocked.Increment(ref _connections);
            await next(connection);
            Interlocked.Decrement(ref _connections);
        })));
        _app = builder.Build();
        _app.Run(context => context.Request.Path == "/token" ? AnswerTokenRequestAsync(context) : AnswerCallAsync(context));
    }

    public TimeSpan Lifetime { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Runs before a token is issued; what it writes or breaks is the answer.</summary>
    public Func<HttpContext, Task<bool>> Fault { get; set; } = _ => Task.FromResult(false);

    /// <summary>Runs before a call is answered.</summary>
    public Func<Task> BeforeCall { get; set; } = () => Task.CompletedTask;

    public int Connections => Volatile.Read(ref _connections);

    public int Issued => Volatile.Read(ref _issued);

    public int Requests => Volatile.Read(ref _requests);

    public async Task<ServiceProvider> StartAsync()
    {
        await _app.StartAsync();
        Uri address = new(_app.Urls.Single());
        ServiceCollection services = new();
        services.AddClientCredentials(options => (options.TokenEndpoint, options.ClientId, options.ClientSecret) = (new Uri(address, "token").ToString(), "shop", "secret"));
        services.AddHttpClient("api", client => client.BaseAddress = address).AddClientCredentialsHandler().RemoveAllLoggers();
        return services.BuildServiceProvider();
    }

    public void RevokeTokens() => _tokens.Clear();

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task AnswerCallAsync(HttpContext context)
    {
        string token = context.Request.Headers.Authorization.ToString();
        bool isKnown = _tokens.TryGetValue(token, out DateTimeOffset expiry);
        await BeforeCall();
        context.Response.StatusCode = isKnown && expiry > DateTimeOffset.UtcNow ? 200 : 401;
    }

    private async Task AnswerTokenRequestAsync(HttpContext context)
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
