using System.Net;
using System.Net.Sockets;
using System.Security.Claims;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using OAuthClientCredentials.Diagnostics;
using OAuthClientCredentials.IntegrationTests.OidcProvider;
using OpenIddict.Abstractions;
using OpenIddict.Server.AspNetCore;
using OpenIddict.Validation.AspNetCore;
using Quickstart;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace OAuthClientCredentials.IntegrationTests.Methods;

/// <summary>OpenIddict with all it has of keys and certificates, and an API beside it that its own validation guards; each on http and on https that asks for certificates.</summary>
internal sealed class OpenIddictServer : ITestServer, IAsyncDisposable
{
    private readonly X509Certificate2 _certificate = TestCertificates.Server();
    private readonly IdentityStore _store = new();
    private readonly int _port = FreePort();
    private readonly int _mtlsPort = FreePort();
    private readonly WebApplication _app;

    /// <param name="authority">Who may issue certificates for tls_client_auth.</param>
    /// <param name="binds">Whether tokens are bound to the certificate that was shown. OpenIddict has this for the server and not for a client.</param>
    private OpenIddictServer(X509Certificate2 authority, bool binds)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders().AddProvider(Log);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, _port);
            kestrel.Listen(IPAddress.Loopback, _mtlsPort, listener => listener.UseHttps(new HttpsConnectionAdapterOptions
            {
                ServerCertificate = _certificate,
                ClientCertificateMode = ClientCertificateMode.AllowCertificate,
                ClientCertificateValidation = (_, _, _) => true, // OpenIddict is to judge.
            }));
        });
        _store.Issuer = new(Issuer);
        _store.Add(builder.Services).AddServer(server => Configure(server, authority, binds)).AddValidation(validation =>
        {
            validation.UseLocalServer();
            validation.UseAspNetCore();
        });
        builder.Services.AddAuthentication(OpenIddictValidationAspNetCoreDefaults.AuthenticationScheme);
        builder.Services.AddAuthorization();
        _app = builder.Build();
        _app.UseAuthentication();
        _app.UseAuthorization();
        _app.MapPost("/token", Issue);
        _app.MapGet("/resource", Describe).RequireAuthorization();
    }

    public Lines Log { get; } = new();

    public string Issuer => $"http://127.0.0.1:{_port}/";

    public string TokenEndpoint => $"{Issuer}token";

    public string MtlsTokenEndpoint => $"https://127.0.0.1:{_mtlsPort}/token";

    public Uri Api => new($"{Issuer}resource");

    public Uri MtlsApi => new($"https://127.0.0.1:{_mtlsPort}/resource");

    public static async Task<OpenIddictServer> StartAsync(X509Certificate2 authority, bool binds)
    {
        OpenIddictServer server = new(authority, binds);
        await server._app.StartAsync();
        return server;
    }

    public SocketsHttpHandler CreateHandler(X509Certificate2? clientCertificate = null) => TestCertificates.Trusting(_certificate, clientCertificate);

    public async Task RegisterAsync(OpenIddictApplicationDescriptor client)
    {
        client.Permissions.UnionWith([Permissions.Endpoints.Token, Permissions.GrantTypes.ClientCredentials, Permissions.Prefixes.Scope + "api:read"]);
        await using AsyncServiceScope scope = _app.Services.CreateAsyncScope();
        await scope.ServiceProvider.GetRequiredService<IOpenIddictApplicationManager>().CreateAsync(client);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _certificate.Dispose();
    }

    private void Configure(OpenIddictServerBuilder server, X509Certificate2 authority, bool binds)
    {
        server.SetIssuer(_store.Issuer).SetTokenEndpointUris("token").SetMtlsTokenEndpointAliasUri(MtlsTokenEndpoint).AllowClientCredentialsFlow();
        server.AddSigningKey(_store.SigningKey).AddEncryptionKey(_store.EncryptionKey).RegisterScopes("api:read");
        server.EnableSelfSignedTlsClientAuthentication(NoRevocation);
        server.EnablePublicKeyInfrastructureTlsClientAuthentication([X509CertificateLoader.LoadCertificate(authority.RawData)], NoRevocation);
        if (binds)
        {
            server.UseClientCertificateBoundAccessTokens();
        }

        server.UseAspNetCore().EnableTokenEndpointPassthrough().DisableTransportSecurityRequirement();
    }

    private static void NoRevocation(X509ChainPolicy policy) => policy.RevocationMode = X509RevocationMode.NoCheck;

    private static IResult Issue(HttpContext context)
    {
        OpenIddictRequest request = context.GetOpenIddictServerRequest()!;
        ClaimsIdentity identity = new(OpenIddictServerAspNetCoreDefaults.AuthenticationScheme);
        identity.SetClaim(Claims.Subject, request.ClientId);
        identity.SetScopes(request.GetScopes());
        return Results.SignIn(new ClaimsPrincipal(identity), authenticationScheme: OpenIddictServerAspNetCoreDefaults.AuthenticationScheme);
    }

    private static string Describe(HttpContext context) => new JsonObject
    {
        ["client_id"] = context.User.GetClaim(Claims.ClientId),
        ["scope"] = string.Join(' ', context.User.GetScopes()),
        ["cnf"] = context.User.GetClaim("cnf") is { } confirmation ? JsonNode.Parse(confirmation) : null,
    }.ToJsonString();

    private static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
