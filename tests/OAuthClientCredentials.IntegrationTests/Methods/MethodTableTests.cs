using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using OAuthClientCredentials.IntegrationTests.Canaries;
using OAuthClientCredentials.IntegrationTests.OidcProvider;

namespace OAuthClientCredentials.IntegrationTests.Methods;

/// <summary>
/// Every method in every form against servers that others wrote. OpenIddict lacks client_secret_jwt (it keeps only hashes of secrets), knows self-signed
/// certificates with RSA keys only, and binds tokens for the whole server, so that its unbound rows have a server of their own.
/// </summary>
public sealed class MethodTableTests(MethodServers servers) : CanaryTests, IClassFixture<MethodServers>
{
    [OidcProviderTheory]
    [Trait("Req", "R-020")]
    [Trait("Req", "R-023")]
    [Trait("Req", "R-145")]
    [Trait("Req", "R-150")]
    [Trait("Req", "R-151")]
    [Trait("Req", "R-152")]
    [MemberData(nameof(MethodTable.OidcProvider), MemberType = typeof(MethodTable))]
    public async Task With_oidc_provider_a_token_is_had_and_the_API_takes_it(string method, string credential, bool bound, bool discovers)
    {
        using Proof proof = new(method, credential, bound, servers.Authority);
        await servers.Oidc.ReplaceAsync(proof.ForOidcProvider());
        await GetAndUseAsync(servers.Oidc, proof, bound, discovers);

        JsonNode request = Assert.Single(await servers.Oidc.RequestsAsync(), request => request["clientId"]!.GetValue<string>() == proof.Id);
        Assert.Equal((proof.SeenMethod, proof.UsesTls), (request["method"]!.GetValue<string>(), request["mtls"]!.GetValue<bool>()));
        Assert.Equal(proof.UsesTls ? TestCertificates.Thumbprint(proof.Certificate!) : null, request["certificate"]?.GetValue<string>());
        Assert.Equal(method != "client_secret_basic", request["parameters"]!.AsArray().Any(name => name!.GetValue<string>() == "client_id"));
        Assert.Equal(method.EndsWith("_jwt", StringComparison.Ordinal) ? servers.Oidc.Issuer : null, request["assertion"]?["claims"]?["aud"]?.GetValue<string>());
    }

    [Theory]
    [Trait("Req", "R-020")]
    [Trait("Req", "R-150")]
    [Trait("Req", "R-151")]
    [Trait("Req", "R-152")]
    [MemberData(nameof(MethodTable.OpenIddict), MemberType = typeof(MethodTable))]
    public async Task With_OpenIddict_a_token_is_had_and_the_API_takes_it(string method, string credential, bool bound, bool discovers)
    {
        using Proof proof = new(method, credential, bound, servers.Authority, withRsa: true);
        OpenIddictServer server = servers.OpenIddict(bound);
        await server.RegisterAsync(proof.ForOpenIddict());
        await GetAndUseAsync(server, proof, bound, discovers);
    }

    [OidcProviderTheory]
    [InlineData("ES256 by PrivateKeyFile")]
    [InlineData("PS256 by signer")]
    public async Task Resources_and_scopes_go_along_with_an_assertion(string credential)
    {
        using Proof proof = new("private_key_jwt", credential, bound: false, servers.Authority);
        await servers.Oidc.ReplaceAsync(proof.ForOidcProvider());
        await using OidcApplication application = new(servers.Oidc, options =>
        {
            proof.Configure(options);
            (options.Scopes, options.Resources) = (["api:read", "api:write"], ["https://api.example.com/orders"]);
        });
        JsonObject seen = await application.CallAsync();
        Assert.Equal(("https://api.example.com/orders", "api:read api:write"), (seen["aud"]!.GetValue<string>(), seen["scope"]!.GetValue<string>()));
    }

    /// <summary>The factory's own handler on .NET 8.</summary>
    [OidcProviderTheory]
    [Trait("Req", "R-152")]
    [InlineData("private_key_jwt", "ES256 by PrivateKeyFile")]
    [InlineData("self_signed_tls_client_auth", "PEM and key")]
    public async Task An_HttpClientHandler_shows_the_certificate_too(string method, string credential)
    {
        using Proof proof = new(method, credential, bound: true, servers.Authority);
        await servers.Oidc.ReplaceAsync(proof.ForOidcProvider());
        await using OidcApplication application = new(servers.Oidc, proof.Configure, mutual: true, () => new HttpClientHandler { ServerCertificateCustomValidationCallback = (_, _, _, _) => true });
        JsonObject seen = await application.CallAsync();
        Assert.Equal(TestCertificates.Thumbprint(proof.Certificate!), seen["cnf"]!["x5t#S256"]!.GetValue<string>());
    }

    private static async Task GetAndUseAsync(ITestServer server, Proof proof, bool bound, bool discovers)
    {
        await using OidcApplication application = new(server, options =>
        {
            proof.Configure(options);
            options.Scopes = ["api:read"];
            if (!discovers)
            {
                options.TokenEndpoint = proof.UsesTls ? server.MtlsTokenEndpoint : server.TokenEndpoint;
                (options.Authority, options.AssertionAudience) = (null, server.Issuer);
            }
        }, mutual: bound);
        JsonObject seen = await application.CallAsync();
        await application.CallAsync();
        Assert.Equal((proof.Id, "api:read"), (seen["client_id"]!.GetValue<string>(), seen["scope"]!.GetValue<string>()));
        Assert.Equal(bound ? TestCertificates.Thumbprint(proof.Certificate!) : null, seen["cnf"]?["x5t#S256"]?.GetValue<string>());

        AccessToken token = await application.Tokens.GetTokenAsync("api");
        Assert.Equal(HttpStatusCode.OK, await CallAsync(server, token, proof.Certificate));
        Assert.Equal(bound ? HttpStatusCode.Unauthorized : HttpStatusCode.OK, await CallAsync(server, token, null));
    }

    private static async Task<HttpStatusCode> CallAsync(ITestServer server, AccessToken token, X509Certificate2? certificate)
    {
        using HttpClient client = new(server.CreateHandler(certificate));
        client.DefaultRequestHeaders.Authorization = token.AuthorizationHeader;
        using HttpResponseMessage response = await client.GetAsync(server.MtlsApi);
        return response.StatusCode;
    }
}
