using System.Net;
using System.Net.Sockets;
using System.Security.Claims;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using OAuthClientCredentials.IntegrationTests.Canaries;
using OAuthClientCredentials.IntegrationTests.OidcProvider;
using OpenIddict.Abstractions;
using OpenIddict.Server.AspNetCore;
using OpenIddict.Validation.AspNetCore;
using Quickstart;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace OAuthClientCredentials.IntegrationTests.Methods;

/// <summary>OpenIddict and an API that it protects: both on http, and on https that asks for client certificates.</summary>
internal sealed class OpenIddictServer : ITestServer, IAsyncDisposable
{
    private readonly X509Certificate2 _certificate = TestCertificates.Server();
    private readonly IdentityStore _store = new();
    private readonly int _port = FreePort();
    private readonly int _mtlsPort = FreePort();
    private readonly WebApplication _app;

    /// <param name="authority">Issues the certificates of tls_client_auth.</param>
    /// <param name="bindsTokens">Whether tokens are bound to the client certificate, an option of the server in OpenIddict.</param>
    private OpenIddictServer(X509Certificate2 authority, bool bindsTokens)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders().AddProvider(Canary.Listeners.Logger);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, _port);
            kestrel.Listen(IPAddress.Loopback, _mtlsPort, listener => listener.UseHttps(new HttpsConnectionAdapterOptions
            {
                ServerCertificate = _certificate,
                ClientCertificateMode = ClientCertificateMode.AllowCertificate,
                ClientCertificateValidation = (_, _, _) => true, // OpenIddict validates it.
            }));
        });
        _store.Issuer = new(Issuer);
        _store.Add(builder.Services).AddServer(server => Configure(server, authority, bindsTokens)).AddValidation(validation =>
        {
            validation.UseLocalServer();
            validation.EnableTokenEntryValidation();
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

    public string Issuer => $"http://127.0.0.1:{_port}/";

    public string TokenEndpoint => $"{Issuer}token";

    public string MtlsTokenEndpoint => $"https://127.0.0.1:{_mtlsPort}/token";

    public Uri Api => new($"{Issuer}resource");

    public Uri MtlsApi => new($"https://127.0.0.1:{_mtlsPort}/resource");

    public static async Task<OpenIddictServer> StartAsync(X509Certificate2 authority, bool bindsTokens)
    {
        OpenIddictServer server = new(authority, bindsTokens);
        await server._app.StartAsync();
        return server;
    }

    public SocketsHttpHandler CreateHandler(X509Certificate2? clientCertificate = null) =>
        TestCertificates.Trusting(_certificate, clientCertificate);

    public async Task RegisterAsync(OpenIddictApplicationDescriptor client)
    {
        string scope = Permissions.Prefixes.Scope + "api:read";
        client.Permissions.UnionWith([Permissions.Endpoints.Token, Permissions.Endpoints.Revocation]);
        client.Permissions.UnionWith([Permissions.GrantTypes.ClientCredentials, scope]);
        await using AsyncServiceScope services = _app.Services.CreateAsyncScope();
        await services.ServiceProvider.GetRequiredService<IOpenIddictApplicationManager>().CreateAsync(client);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _certificate.Dispose();
    }

    private void Configure(OpenIddictServerBuilder server, X509Certificate2 authority, bool bindsTokens)
    {
        server.SetIssuer(_store.Issuer).SetTokenEndpointUris("token").SetMtlsTokenEndpointAliasUri(MtlsTokenEndpoint);
        server.AllowClientCredentialsFlow().SetRevocationEndpointUris("revoke");
        server.AddSigningKey(_store.SigningKey).AddEncryptionKey(_store.EncryptionKey).RegisterScopes("api:read");
        server.EnableSelfSignedTlsClientAuthentication(NoRevocation);
        X509Certificate2 withoutKey = X509CertificateLoader.LoadCertificate(authority.RawData);
        server.EnablePublicKeyInfrastructureTlsClientAuthentication([withoutKey], NoRevocation);
        if (bindsTokens)
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
