using System.Security.Cryptography.X509Certificates;
using OAuthClientCredentials.Jwt;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Discovery;

/// <summary>Which endpoint a client with a certificate asks for its token (RFC 8705 section 5).</summary>
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
            foreach (string method in new[] { "client_secret_basic", "client_secret_post", "private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth", "none" })
            {
                foreach (bool bound in new[] { false, true })
                {
                    data.Add(method, bound, "alias", Alias);
                    foreach (string aliases in new[] { "no alias", "partial", "empty", "null", "list", "no text" })
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
    public async Task The_alias_counts_whatever_the_method_and_a_binding_that_nothing_promises_is_refused(string method, bool bound, string aliases, string? endpoint)
    {
        using Golden golden = Serving(aliases);
        using OneClient client = new(golden.Handler, options => Configure(options, method, bound));
        if (endpoint is not null)
        {
            await client.GetAsync();
            Assert.StartsWith($"POST {endpoint}\n", golden.Requests[^1], StringComparison.Ordinal);
            return;
        }

        TokenRequestException exception = await client.FailAsync();
        Assert.Contains(
            "names no endpoint for mutual TLS (mtls_endpoint_aliases), and CertificateBoundTokens requires one. If this one does mutual TLS, set ClientCredentials:TokenEndpoint to it",
            exception.Message,
            StringComparison.Ordinal);
        Assert.DoesNotContain(golden.Requests, request => request.StartsWith("POST", StringComparison.Ordinal));
    }

    [Theory]
    [Trait("Req", "R-150")]
    [InlineData("client_secret_basic")]
    [InlineData("private_key_jwt")]
    [InlineData("tls_client_auth")]
    public async Task An_endpoint_that_was_configured_is_the_operators_own_word(string method)
    {
        using Golden golden = new();
        using OneClient client = new(golden.Handler, options =>
        {
            Configure(options, method, bound: true);
            (options.Authority, options.TokenEndpoint, options.AssertionAudience) = (null, Main, Issuer);
        });
        await client.GetAsync();
        Assert.StartsWith($"POST {Main}\n", Assert.Single(golden.Requests), StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Req", "R-153")]
    [InlineData("https://mtls.evil.example/token", "is on another host than the issuer")]
    [InlineData("http://id.example.com/token", "must be https")]
    [InlineData("https://127.0.0.1/token", "is on another host than the issuer")]
    [InlineData("https://169.254.169.254/token", "is on another host than the issuer")]
    [InlineData("https://user@id.example.com/token", "")]
    [InlineData("/token", "")]
    public async Task An_alias_is_an_endpoint_like_any_other_and_a_bad_one_gets_nothing(string alias, string problem)
    {
        using Golden golden = Serving(alias);
        using OneClient client = new(golden.Handler, options => Configure(options, "tls_client_auth", bound: false));
        TokenRequestException exception = await client.FailAsync();
        Assert.Contains($"its mtls_endpoint_aliases.token_endpoint {problem}", exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(golden.Requests, request => request.StartsWith("POST", StringComparison.Ordinal));

        // Who shows no certificate has no use for the alias, and is not kept out by it.
        using OneClient other = new(golden.Handler, options => (options.Authority, options.TokenEndpoint) = (Issuer, null));
        await other.GetAsync();
        Assert.StartsWith($"POST {Main}\n", golden.Requests[^1], StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Req", "R-153")]
    [InlineData("https://id.example.com:9443/token")]
    [InlineData("https://mtls.id.example.com/token")]
    [InlineData("https://mtls.example.net/token")]
    public async Task An_alias_on_the_issuers_host_below_it_or_listed_is_accepted(string alias)
    {
        using Golden golden = Serving(alias);
        using OneClient client = new(golden.Handler, options =>
        {
            Configure(options, "tls_client_auth", bound: true);
            options.AllowedEndpointHosts = ["mtls.example.net"];
        });
        await client.GetAsync();
        Assert.StartsWith($"POST {alias}\n", golden.Requests[^1], StringComparison.Ordinal);
    }

    public void Dispose() => _certificate.Dispose();

    private static Golden Serving(string aliases) => new(request => request.Method != HttpMethod.Get ? null : Respond.Json(System.Net.HttpStatusCode.OK, $$"""{"issuer":"{{Issuer}}","token_endpoint":"{{Main}}"{{Member(aliases)}}}"""));

    private static string Member(string aliases) => aliases switch
    {
        "no alias" => "",
        "alias" => $$""","mtls_endpoint_aliases":{"token_endpoint":"{{Alias}}"}""",
        "partial" => ""","mtls_endpoint_aliases":{"revocation_endpoint":"https://id.example.com:8443/revoke"}""",
        "empty" => ""","mtls_endpoint_aliases":{}""",
        "null" => ""","mtls_endpoint_aliases":null""",
        "list" => ""","mtls_endpoint_aliases":["https://id.example.com:8443/token"]""",
        "no text" => ""","mtls_endpoint_aliases":{"token_endpoint":17}""",
        _ => $$""","mtls_endpoint_aliases":{"token_endpoint":"{{aliases}}"}""",
    };

    private void Configure(ClientCredentialsOptions options, string method, bool bound)
    {
        (options.Authority, options.TokenEndpoint, options.AuthenticationMethod, options.CertificateBoundTokens) = (Issuer, null, method, bound);
        options.ClientSecret = method.StartsWith("client_secret", StringComparison.Ordinal) ? "secret" : null;
        options.UseCertificate(_ => new(_certificate));
        if (method == "private_key_jwt")
        {
            options.PrivateKey = Certificates.KeyPem(_certificate);
            options.UseJwtAuthentication();
        }
    }
}
