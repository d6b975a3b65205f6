using System.Net;
using System.Security.Cryptography.X509Certificates;
using OAuthClientCredentials.Jwt;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Discovery;

/// <summary>Which endpoint a client with a certificate uses (RFC 8705 section 5).</summary>
public sealed class MutualTlsEndpointTests : IDisposable
{
    private const string Issuer = "https://id.example.com";
    private const string Main = "https://id.example.com/token";
    private const string Alias = "https://id.example.com:8443/token";

    private readonly X509Certificate2 _certificate = Certificates.Create();

    public static TheoryData<string, bool, string, string?> Matrix
    {
        get
        {
            TheoryData<string, bool, string, string?> data = [];
            string[] methods =
                ["client_secret_basic", "client_secret_post", "private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth", "none"];
            foreach (string method in methods)
            {
                foreach (bool bound in new[] { false, true })
                {
                    data.Add(method, bound, "alias", Alias);
                    foreach (string aliases in new[] { "no alias", "partial", "empty", "null", "list", "number" })
                    {
                        data.Add(method, bound, aliases, bound ? null : Main);
                    }
                }
            }

            return data;
        }
    }

    [Theory]
    [Trait("Req", "R-150")]
    [MemberData(nameof(Matrix))]
    public async Task Alias_is_used_for_every_method_and_required_for_bound_tokens(
        string method,
        bool bound,
        string aliases,
        string? endpoint)
    {
        using RecordingHandler server = Serving(aliases);
        await using TestTokenClient client = new(options => Configure(options, method, bound), handler: server);
        if (endpoint is not null)
        {
            await client.RequestAsync();
            Assert.StartsWith($"POST {endpoint}\n", server.Requests[^1], StringComparison.Ordinal);
            return;
        }

        TokenRequestException exception = await client.FailAsync();
        Assert.All(
            ["mtls_endpoint_aliases", "CertificateBoundTokens", "ClientCredentials:TokenEndpoint"],
            part => Assert.Contains(part, exception.Message, StringComparison.Ordinal));
        Assert.DoesNotContain(server.Requests, request => request.StartsWith("POST", StringComparison.Ordinal));
    }

    [Theory]
    [Trait("Req", "R-150")]
    [InlineData("client_secret_basic")]
    [InlineData("private_key_jwt")]
    [InlineData("tls_client_auth")]
    public async Task Configured_TokenEndpoint_is_used_as_it_is(string method)
    {
        using RecordingHandler server = new();
        await using TestTokenClient client = new(
            options =>
            {
                Configure(options, method, bound: true);
                (options.Authority, options.TokenEndpoint, options.AssertionAudience) = (null, Main, Issuer);
            },
            handler: server);
        await client.RequestAsync();
        Assert.StartsWith($"POST {Main}\n", Assert.Single(server.Requests), StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Req", "R-153")]
    [InlineData("https://mtls.evil.example/token")]
    [InlineData("http://id.example.com/token")]
    [InlineData("https://127.0.0.1/token")]
    [InlineData("https://user@id.example.com/token")]
    [InlineData("/token")]
    public async Task Refused_alias_gets_no_request(string alias)
    {
        using RecordingHandler server = Serving(alias);
        await using TestTokenClient client = new(options => Configure(options, "tls_client_auth", bound: false), handler: server);
        TokenRequestException exception = await client.FailAsync();
        Assert.Contains("mtls_endpoint_aliases.token_endpoint", exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(server.Requests, request => request.StartsWith("POST", StringComparison.Ordinal));

        // A client without a certificate does not use the alias, so it gets its token.
        await using TestTokenClient other = new(options => (options.Authority, options.TokenEndpoint) = (Issuer, null), handler: server);
        await other.RequestAsync();
        Assert.StartsWith($"POST {Main}\n", server.Requests[^1], StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Req", "R-153")]
    [InlineData("https://id.example.com:9443/token")]
    [InlineData("https://mtls.id.example.com/token")]
    [InlineData("https://mtls.example.net/token")]
    public async Task Alias_on_the_issuers_host_below_it_or_listed_is_accepted(string alias)
    {
        using RecordingHandler server = Serving(alias);
        await using TestTokenClient client = new(
            options =>
            {
                Configure(options, "tls_client_auth", bound: true);
                options.AllowedEndpointHosts = ["mtls.example.net"];
            },
            handler: server);
        await client.RequestAsync();
        Assert.StartsWith($"POST {alias}\n", server.Requests[^1], StringComparison.Ordinal);
    }

    public void Dispose() => _certificate.Dispose();

    private static RecordingHandler Serving(string aliases)
    {
        string document = $$"""{"issuer":"{{Issuer}}","token_endpoint":"{{Main}}"{{Member(aliases)}}}""";
        return new(request => request.Method == HttpMethod.Get ? Respond.Json(HttpStatusCode.OK, document) : null);
    }

    private static string Member(string aliases) => aliases switch
    {
        "no alias" => "",
        "alias" => $$""","mtls_endpoint_aliases":{"token_endpoint":"{{Alias}}"}""",
        "partial" => ""","mtls_endpoint_aliases":{"revocation_endpoint":"https://id.example.com:8443/revoke"}""",
        "empty" => ""","mtls_endpoint_aliases":{}""",
        "null" => ""","mtls_endpoint_aliases":null""",
        "list" => ""","mtls_endpoint_aliases":["https://id.example.com:8443/token"]""",
        "number" => ""","mtls_endpoint_aliases":{"token_endpoint":17}""",
        _ => $$""","mtls_endpoint_aliases":{"token_endpoint":"{{aliases}}"}""",
    };

    private void Configure(ClientCredentialsOptions options, string method, bool bound)
    {
        (options.Authority, options.TokenEndpoint) = (Issuer, null);
        (options.AuthenticationMethod, options.CertificateBoundTokens) = (method, bound);
        options.ClientSecret = method.StartsWith("client_secret", StringComparison.Ordinal) ? "secret" : null;
        options.UseCertificate(_ => new(_certificate));
        if (method == "private_key_jwt")
        {
            options.PrivateKey = Certificates.KeyPem(_certificate);
            options.UseJwtAuthentication();
        }
    }
}
