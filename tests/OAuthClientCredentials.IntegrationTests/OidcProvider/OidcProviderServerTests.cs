using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using OAuthClientCredentials.Jwt.Assertions;

namespace OAuthClientCredentials.IntegrationTests.OidcProvider;

/// <summary>The server checks what tests rely on it to check. The client's part is written here, as an application's own method.</summary>
public sealed class OidcProviderServerTests : Canaries.CanaryTests
{
    [OidcProviderTheory]
    [InlineData("ES256")]
    [InlineData("ES384")]
    [InlineData("ES512")]
    [InlineData("PS256")]
    [InlineData("RS256")]
    public async Task It_takes_an_assertion_by_a_registered_key_and_none_by_another(string algorithm)
    {
        using AsymmetricAlgorithm key = Create(algorithm);
        using AsymmetricAlgorithm other = Create(algorithm);
        OidcClient client = OidcClient.WithKeys("shop", JsonWebKeys.Of(key, "first", algorithm)).Signing(algorithm);
        await using OidcProviderServer server = await OidcProviderServer.StartAsync(new OidcProviderSettings { StrictAssertions = true }, client);
        await using OidcApplication right = new(server, options => With(options, new Assertion(key, algorithm)));
        Assert.Equal("shop", (await right.CallAsync())["client_id"]!.GetValue<string>());
        await using OidcApplication wrong = new(server, options => With(options, new Assertion(other, algorithm)));
        Assert.Equal("invalid_client", (await wrong.FailAsync()).Error);
        JsonNode header = (await server.RequestsAsync())[0]["assertion"]!["header"]!;
        Assert.Equal((algorithm, "first", "client-authentication+jwt"), (header["alg"]!.GetValue<string>(), header["kid"]!.GetValue<string>(), header["typ"]!.GetValue<string>()));
    }

    [OidcProviderTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task It_takes_a_bound_token_with_its_certificate_and_with_no_other(bool selfSigned)
    {
        using X509Certificate2 authority = TestCertificates.Authority();
        using X509Certificate2 certificate = TestCertificates.Client("CN=shop, O=Example", selfSigned ? null : authority);
        using X509Certificate2 other = TestCertificates.Client("CN=other, O=Example", authority);
        OidcClient client = (selfSigned ? OidcClient.WithCertificates("shop", certificate) : OidcClient.WithSubject("shop", "CN=shop, O=Example")).BoundToCertificate();
        await using OidcProviderServer server = await OidcProviderServer.StartAsync(new OidcProviderSettings { CertificateAuthorities = [authority] }, client);
        string method = selfSigned ? "self_signed_tls_client_auth" : "tls_client_auth";
        await using OidcApplication right = new(server, options => Mutual(options, method, certificate), mutual: true);
        JsonObject seen = await right.CallAsync();
        Assert.Equal(TestCertificates.Thumbprint(certificate), seen["cnf"]!["x5t#S256"]!.GetValue<string>());
        await using OidcApplication wrong = new(server, options => Mutual(options, method, other), mutual: true);
        Assert.Equal("invalid_client", (await wrong.FailAsync()).Error);

        AccessToken token = await right.Tokens.GetTokenAsync("api");
        Assert.Equal(HttpStatusCode.OK, await CallAsync(server, server.MtlsApi, token, certificate));
        Assert.Equal(HttpStatusCode.Unauthorized, await CallAsync(server, server.MtlsApi, token, other));
        Assert.Equal(HttpStatusCode.Unauthorized, await CallAsync(server, server.MtlsApi, token, null));
        Assert.Equal(HttpStatusCode.Unauthorized, await CallAsync(server, server.Api, token, null));
    }

    [OidcProviderFact]
    public async Task It_does_not_start_with_a_client_that_cannot_be()
    {
        OidcClient keyless = OidcClient.WithKeys("shop").With("jwks", JsonWebKeys.Set(new JsonObject { ["kty"] = "oct" }));
        InvalidOperationException exception = await Assert.ThrowsAsync<InvalidOperationException>(() => OidcProviderServer.StartAsync(keyless));
        Assert.Contains("client JSON Web Key Set is invalid", exception.Message, StringComparison.Ordinal);
    }

    [OidcProviderFact]
    public async Task It_takes_no_token_beyond_its_life()
    {
        await using OidcProviderServer server = await OidcProviderServer.StartAsync(OidcClient.WithSecret("shop", "client_secret_basic", "secret").WithLifetime(1));
        await using OidcApplication application = new(server, options => (options.ClientId, options.ClientSecret) = ("shop", "secret"));
        AccessToken token = await application.Tokens.GetTokenAsync("api");
        Assert.Equal(HttpStatusCode.OK, await CallAsync(server, server.Api, token, null));
        await Task.Delay(1100);
        Assert.Equal(HttpStatusCode.Unauthorized, await CallAsync(server, server.Api, token, null));
    }

    private static async Task<HttpStatusCode> CallAsync(OidcProviderServer server, Uri api, AccessToken token, X509Certificate2? certificate)
    {
        using HttpClient client = new(server.CreateHandler(certificate));
        client.DefaultRequestHeaders.Authorization = token.AuthorizationHeader;
        using HttpResponseMessage response = await client.GetAsync(api);
        return response.StatusCode;
    }

    private static void With(ClientCredentialsOptions options, ClientAuthentication authentication)
    {
        options.ClientId = "shop";
        options.UseAuthentication(authentication);
    }

    private static void Mutual(ClientCredentialsOptions options, string method, X509Certificate2 certificate)
    {
        (options.ClientId, options.AuthenticationMethod, options.CertificateBoundTokens) = ("shop", method, true);
        options.UseCertificate(_ => new(certificate));
    }

    private static AsymmetricAlgorithm Create(string algorithm) => algorithm switch
    {
        "ES256" => ECDsa.Create(ECCurve.NamedCurves.nistP256),
        "ES384" => ECDsa.Create(ECCurve.NamedCurves.nistP384),
        "ES512" => ECDsa.Create(ECCurve.NamedCurves.nistP521),
        _ => RSA.Create(2048),
    };

    private sealed class Assertion(AsymmetricAlgorithm key, string algorithm) : ClientAuthentication
    {
        public override string Method => "private_key_jwt";

        public override ValueTask WriteAsync(AuthorizationServerRequest attempt, CancellationToken cancellationToken)
        {
            long now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
            JsonObject header = new() { ["alg"] = algorithm, ["typ"] = "client-authentication+jwt", ["kid"] = "first" };
            JsonObject claims = new() { ["iss"] = attempt.Client.ClientId, ["sub"] = attempt.Client.ClientId, ["aud"] = attempt.Client.Issuer, ["jti"] = $"{Guid.NewGuid()}", ["iat"] = now, ["exp"] = now + 60 };
            string input = $"{Encode(header)}.{Encode(claims)}";
            attempt.AddParameter("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
            attempt.AddParameter("client_assertion", $"{input}.{Base64Url.EncodeToString(Sign(Encoding.ASCII.GetBytes(input)))}");
            return ValueTask.CompletedTask;
        }

        private byte[] Sign(byte[] input)
        {
            HashAlgorithmName hash = new($"SHA{algorithm[2..]}");
            return key is ECDsa ec ? ec.SignData(input, hash) : ((RSA)key).SignData(input, hash, algorithm[0] == 'P' ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1);
        }

        private static string Encode(JsonObject json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json.ToJsonString()));
    }
}
