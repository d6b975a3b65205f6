using System.Net;
using System.Text.Json.Nodes;
using OAuthClientCredentials.IntegrationTests.Canaries;
using OAuthClientCredentials.IntegrationTests.OidcProvider;

namespace OAuthClientCredentials.IntegrationTests.Methods;

/// <summary>
/// Every authentication method with every form of credential against two servers of other projects. OpenIddict does not support
/// client_secret_jwt (it stores only hashes of secrets), nor self-signed certificates without an RSA key. It binds all tokens or none, so
/// there are two of them.
/// </summary>
public sealed class MethodTableTests(MethodServers servers) : CanaryTests, IClassFixture<MethodServers>
{
    private const string Orders = "https://api.example.com/orders";
    private const string Stock = "urn:example:stock";

    private static readonly bool[] ByDiscovery = [true, false];

    [OidcProviderTheory]
    [Trait("Req", "R-020")]
    [Trait("Req", "R-021")]
    [Trait("Req", "R-023")]
    [Trait("Req", "R-145")]
    [Trait("Req", "R-150")]
    [Trait("Req", "R-151")]
    [Trait("Req", "R-152")]
    [Trait("Req", "R-180")]
    [MemberData(nameof(MethodTable.OidcProvider), MemberType = typeof(MethodTable))]
    public async Task Oidc_provider_issues_a_token_and_the_API_accepts_it(string method, string credential, bool bound)
    {
        using MethodClient client = new(method, credential, bound, servers.Authority);
        await servers.Oidc.RegisterAsync(client.ForOidcProvider());
        await CallAsync(servers.Oidc, client);

        IReadOnlyList<JsonNode> requests = await servers.Oidc.RequestsAsync(client.Id);
        Assert.Equal(ByDiscovery.Length, requests.Count);
        Assert.All(requests, request =>
        {
            Assert.Equal((client.SentMethod, client.UsesTls), (Text(request["method"]), request["mtls"]!.GetValue<bool>()));
            Assert.Equal(client.UsesTls ? TestCertificates.Thumbprint(client.Certificate!) : null, Text(request["certificate"]));
            Assert.Equal(method != "client_secret_basic", request["parameters"]!.AsArray().Any(name => Text(name) == "client_id"));
            bool hasAssertion = method.EndsWith("_jwt", StringComparison.Ordinal);
            Assert.Equal(hasAssertion ? servers.Oidc.Issuer : null, Text(request["assertion"]?["claims"]?["aud"]));
        });
    }

    [Theory]
    [Trait("Req", "R-020")]
    [Trait("Req", "R-150")]
    [Trait("Req", "R-151")]
    [Trait("Req", "R-152")]
    [MemberData(nameof(MethodTable.OpenIddict), MemberType = typeof(MethodTable))]
    public async Task OpenIddict_issues_a_token_and_the_API_accepts_it(string method, string credential, bool bound)
    {
        using MethodClient client = new(method, credential, bound, servers.Authority, withRsa: true);
        OpenIddictServer server = servers.OpenIddict(bound);
        await server.RegisterAsync(client.ForOpenIddict());
        await CallAsync(server, client);
    }

    /// <summary>Without this test the table would also pass with servers that check nothing.</summary>
    [OidcProviderTheory]
    [InlineData("client_secret_basic", "option")]
    [InlineData("private_key_jwt", "ES256 by PrivateKeyFile")]
    [InlineData("tls_client_auth", "PEM")]
    [InlineData("self_signed_tls_client_auth", "PEM")]
    public async Task The_credential_of_another_client_is_rejected(string method, string credential)
    {
        using MethodClient client = new(method, credential, bound: false, servers.Authority);
        using MethodClient other = new(method, credential, bound: false, servers.Authority);
        await using TestApplication application = await StartAsync(client, options =>
        {
            other.Configure(options);
            options.ClientId = client.Id;
        });
        Assert.Equal("invalid_client", (await application.FailAsync()).Error);
    }

    [OidcProviderTheory]
    [Trait("Req", "R-070")]
    [InlineData("client_secret_basic", "option")]
    [InlineData("private_key_jwt", "ES256 by PrivateKeyFile")]
    public async Task Each_resource_has_its_own_token_in_any_format(string method, string credential)
    {
        using MethodClient client = new(method, credential, bound: false, servers.Authority);
        await using TestApplication application = await StartAsync(client, options =>
            (options.Scopes, options.Resources) = (["api:read", "api:write"], [Orders]));
        JsonObject claims = await application.CallAsync();
        Assert.Equal((Orders, "api:read api:write"), (Text(claims["aud"]), Text(claims["scope"])));
        AccessToken jwt = await application.Tokens.GetTokenAsync("api");
        AccessToken opaque = await application.Tokens.GetTokenAsync("api", new TokenRequest { Scopes = ["api:read"], Resources = [Stock] });
        Assert.StartsWith("ey", jwt.Value, StringComparison.Ordinal);
        Assert.DoesNotContain('.', opaque.Value);
        Assert.Equal(["api:read"], opaque.Scopes);
        Assert.Equal([Orders, Stock], (await servers.Oidc.RequestsAsync(client.Id)).Select(request => Text(request["resource"])));
    }

    [OidcProviderFact]
    [Trait("Req", "R-060")]
    [Trait("Req", "R-063")]
    public async Task An_unknown_resource_is_an_error_that_names_the_option()
    {
        using MethodClient client = new("client_secret_post", "option", bound: false, servers.Authority);
        await using TestApplication application = await StartAsync(client, options => options.Resources = ["urn:example:unknown"]);
        TokenRequestException exception = await application.FailAsync();
        Assert.Equal(("invalid_target", false, 1), (exception.Error, exception.IsTransient, exception.Attempts));
        Assert.Contains("Resources", exception.Message, StringComparison.Ordinal);
    }

    /// <summary>The rotation tests rely on it.</summary>
    [OidcProviderFact]
    public async Task The_API_of_the_test_server_rejects_an_expired_token()
    {
        using MethodClient client = new("client_secret_basic", "option", bound: false, servers.Authority);
        await using TestApplication application = await StartAsync(client);
        await servers.Oidc.RegisterAsync(client.ForOidcProvider().WithLifetime(1));
        AccessToken token = await application.Tokens.GetTokenAsync("api");
        await Task.Delay(1100);
        using HttpClient http = new() { DefaultRequestHeaders = { Authorization = token.AuthorizationHeader } };
        using HttpResponseMessage response = await http.GetAsync(servers.Oidc.Api);
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
    }

    /// <summary>HttpClientHandler is the default of IHttpClientFactory on .NET 8.</summary>
    [OidcProviderTheory]
    [Trait("Req", "R-152")]
    [InlineData("private_key_jwt", "ES256 by PrivateKeyFile")]
    [InlineData("self_signed_tls_client_auth", "PEM and key")]
    public async Task An_HttpClientHandler_sends_the_certificate_too(string method, string credential)
    {
        using MethodClient client = new(method, credential, bound: true, servers.Authority);
        await servers.Oidc.RegisterAsync(client.ForOidcProvider());
        Func<HttpMessageHandler> handler = () => new HttpClientHandler { ServerCertificateCustomValidationCallback = (_, _, _, _) => true };
        await using TestApplication application = new(servers.Oidc, client.Configure, mutual: true, handler);
        JsonObject claims = await application.CallAsync();
        Assert.Equal(TestCertificates.Thumbprint(client.Certificate!), Text(claims["cnf"]!["x5t#S256"]));
    }

    private async Task<TestApplication> StartAsync(MethodClient client, Action<ClientCredentialsOptions>? configure = null)
    {
        await servers.Oidc.RegisterAsync(client.ForOidcProvider());
        return new(servers.Oidc, options =>
        {
            client.Configure(options);
            configure?.Invoke(options);
        });
    }

    // One token by discovery and one from an explicit TokenEndpoint.
    private async Task CallAsync(ITestServer server, MethodClient client)
    {
        foreach (bool discovers in ByDiscovery)
        {
            Action<ClientCredentialsOptions> configure = options => Configure(options, server, client, discovers);
            await using TestApplication application = new(server, configure, mutual: client.IsBound);
            JsonObject claims = await application.CallAsync();
            await application.CallAsync();
            Assert.Equal((client.Id, "api:read"), (Text(claims["client_id"]), Text(claims["scope"])));
            Assert.Equal(client.IsBound ? TestCertificates.Thumbprint(client.Certificate!) : null, Text(claims["cnf"]?["x5t#S256"]));

            HttpStatusCode withoutCertificate = client.IsBound ? HttpStatusCode.Unauthorized : HttpStatusCode.OK;
            Assert.Equal(HttpStatusCode.OK, await application.CallAsync(server.MtlsApi, client.Certificate));
            Assert.Equal(withoutCertificate, await application.CallAsync(server.MtlsApi));
            Assert.Equal(withoutCertificate, await application.CallAsync(server.MtlsApi, servers.OtherCertificate));
            Assert.Equal(withoutCertificate, await application.CallAsync(server.Api));
        }
    }

    private static void Configure(ClientCredentialsOptions options, ITestServer server, MethodClient client, bool discovers)
    {
        client.Configure(options);
        options.Scopes = ["api:read"];
        if (!discovers)
        {
            options.TokenEndpoint = client.UsesTls ? server.MtlsTokenEndpoint : server.TokenEndpoint;
            (options.Authority, options.AssertionAudience) = (null, server.Issuer);
        }
    }

    private static string? Text(JsonNode? node) => node?.GetValue<string>();
}
