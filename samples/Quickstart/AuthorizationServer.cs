using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Claims;
using Microsoft.AspNetCore;
using OpenIddict.Abstractions;
using OpenIddict.Server.AspNetCore;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace Quickstart;

/// <summary>An OpenIddict authorization server on a free loopback port. It can be stopped and started again on the same port.</summary>
/// <param name="store">What it shares with the API.</param>
/// <param name="lifetimes">The lifetime of the access tokens of each client id.</param>
/// <param name="clientSecret">The secret of all clients.</param>
internal sealed class AuthorizationServer(
    IdentityStore store,
    IReadOnlyDictionary<string, TimeSpan> lifetimes,
    string clientSecret = AuthorizationServer.Secret) : IAsyncDisposable
{
    public const string Secret = "quickstart-secret";

    /// <summary>The time that each token response takes, so that a call that waits for a token is visible.</summary>
    public static readonly TimeSpan Latency = TimeSpan.FromMilliseconds(150);

    private readonly ConcurrentDictionary<string, int> _issued = new();
    private WebApplication? _app;
    private int _tokenRequests;

    /// <summary>The number of token requests received, whether or not a token was issued.</summary>
    public int TokenRequests => Volatile.Read(ref _tokenRequests);

    public int TokensIssuedTo(string clientId) => _issued.GetValueOrDefault(clientId);

    public async Task StartAsync()
    {
        if (store.Issuer.Port == 0)
        {
            store.Issuer = new($"http://127.0.0.1:{FindFreePort()}/");
        }

        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(store.Issuer.GetLeftPart(UriPartial.Authority));
        store.Add(builder.Services).AddServer(server =>
        {
            server.SetIssuer(store.Issuer).SetTokenEndpointUris("connect/token").AllowClientCredentialsFlow();
            server.AddSigningKey(store.SigningKey).AddEncryptionKey(store.EncryptionKey).DisableAccessTokenEncryption();
            server.RegisterScopes("orders.read");
            server.UseAspNetCore().EnableTokenEndpointPassthrough().DisableTransportSecurityRequirement();
        });
        _app = builder.Build();
        _app.Use(CountTokenRequestAsync);
        _app.UseAuthentication();
        _app.MapPost("/connect/token", (Delegate)IssueTokenAsync);
        await RegisterClientsAsync(_app.Services);
        await _app.StartAsync();
    }

    public async Task StopAsync()
    {
        await _app!.StopAsync();
        await _app.DisposeAsync();
        _app = null;
    }

    public ValueTask DisposeAsync() => _app?.DisposeAsync() ?? ValueTask.CompletedTask;

    private Task CountTokenRequestAsync(HttpContext context, RequestDelegate next)
    {
        if (context.Request.Path == "/connect/token")
        {
            Interlocked.Increment(ref _tokenRequests);
        }

        return next(context);
    }

    private async Task<IResult> IssueTokenAsync(HttpContext context)
    {
        await Task.Delay(Latency);
        OpenIddictRequest request = context.GetOpenIddictServerRequest()!;
        _issued.AddOrUpdate(request.ClientId!, 1, (_, count) => count + 1);
        ClaimsIdentity identity = new(OpenIddictServerAspNetCoreDefaults.AuthenticationScheme);
        identity.SetClaim(Claims.Subject, request.ClientId);
        identity.SetScopes(request.GetScopes());
        identity.SetAccessTokenLifetime(lifetimes[request.ClientId!]);
        return Results.SignIn(
            new ClaimsPrincipal(identity),
            authenticationScheme: OpenIddictServerAspNetCoreDefaults.AuthenticationScheme);
    }

    private async Task RegisterClientsAsync(IServiceProvider services)
    {
        await using AsyncServiceScope scope = services.CreateAsyncScope();
        IOpenIddictApplicationManager manager = scope.ServiceProvider.GetRequiredService<IOpenIddictApplicationManager>();
        foreach (string clientId in lifetimes.Keys)
        {
            if (await manager.FindByClientIdAsync(clientId) is null)
            {
                await manager.CreateAsync(new OpenIddictApplicationDescriptor
                {
                    ClientId = clientId,
                    ClientSecret = clientSecret,
                    Permissions =
                    {
                        Permissions.Endpoints.Token,
                        Permissions.GrantTypes.ClientCredentials,
                        Permissions.Prefixes.Scope + "orders.read",
                    },
                });
            }
        }
    }

    private static int FindFreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
