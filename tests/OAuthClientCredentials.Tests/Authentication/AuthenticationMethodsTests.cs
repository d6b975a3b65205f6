using Microsoft.Extensions.Options;
using OAuthClientCredentials.Authentication;
using OAuthClientCredentials.Clients;
using OAuthClientCredentials.Jwt;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Authentication;

/// <summary>Which method follows from the credentials, and which credentials contradict it or each other.</summary>
public sealed class AuthenticationMethodsTests
{
    /// <summary>The credentials, the configured method, the method that follows, and whether it uses mutual TLS.</summary>
    public static TheoryData<string, string?, string?, bool> Methods => new()
    {
        { "", null, "client_secret_basic", false },
        { "ClientSecret", null, "client_secret_basic", false },
        { "ClientSecretFile", null, "client_secret_basic", false },
        { "ClientSecret", "client_secret_post", "client_secret_post", false },
        { "ClientSecret", "client_secret_jwt", "client_secret_jwt", false },
        { "CertificateFile", null, "tls_client_auth", true },
        { "CertificateThumbprint", null, "tls_client_auth", true },
        { "CertificateFile", "self_signed_tls_client_auth", "self_signed_tls_client_auth", true },
        { "UseCertificate", null, "tls_client_auth", true },
        { "PrivateKey", null, "private_key_jwt", false },
        { "PrivateKeyFile", null, "private_key_jwt", false },
        { "ClientAssertionFile", null, "private_key_jwt", false },
        { "UseClientAssertion", null, "private_key_jwt", false },
        { "UsePrivateKeyJwt", null, "private_key_jwt", false },
        { "CertificateFile", "private_key_jwt", "private_key_jwt", false },
        { "CertificateFile CertificateBoundTokens", "private_key_jwt", "private_key_jwt", true },
        { "CertificateFile PrivateKey", "private_key_jwt", "private_key_jwt", true },
        { "CertificateFile ClientAssertionFile", "private_key_jwt", "private_key_jwt", true },
        { "CertificateFile UsePrivateKeyJwt", null, "private_key_jwt", true },
        { "CertificateFile ClientSecret", "client_secret_basic", "client_secret_basic", true },
        { "CertificateFile", "none", "none", true },
        { "ClientAssertionFile", "spiffe_jwt", "spiffe_jwt", false },
        { "UseClientAssertion", "spiffe_jwt", "spiffe_jwt", false },
        { "CertificateFile", "spiffe_x509", "spiffe_x509", true },
        { "CertificateFile CertificateKeyFile", "spiffe_x509", "spiffe_x509", true },
        { "CertificateFile PrivateKey", null, null, false },
        { "CertificateFile ClientSecret", null, null, false },
        { "CertificateFile ClientAssertionFile", null, null, false },
        { "PrivateKeyFile ClientSecret", null, null, false },
        { "PrivateKeyFile ClientAssertionFile", null, null, false },
        { "ClientSecretFile ClientAssertionFile", null, null, false },
    };

    [Theory]
    [Trait("Req", "R-030")]
    [MemberData(nameof(Methods))]
    public void Method_follows_from_the_credential_unless_there_are_two(
        string credentials,
        string? method,
        string? expected,
        bool isMutualTls)
    {
        ClientCredentialsOptions options = new();
        Configure(options, credentials, method);
        Assert.Equal(expected, AuthenticationMethods.Of(options));
        if (!credentials.Contains("UsePrivateKeyJwt", StringComparison.Ordinal))
        {
            options.OfferAuthentication(new OtherAuthentication(expected));
        }

        string[] failures = [.. new ClientCredentialsOptionsValidator(new([new("", null)], null)).Validate("", options).Failures ?? []];
        if (expected is null)
        {
            Assert.StartsWith("The default client: AuthenticationMethod is missing", Assert.Single(failures), StringComparison.Ordinal);
            return;
        }

        Assert.Equal(credentials.Length == 0 ? 1 : 0, failures.Length);
        Assert.Equal(isMutualTls, AuthenticationMethods.UsesMutualTls(options));
    }

    [Theory]
    [Trait("Req", "R-023")]
    [InlineData("tls_client_auth", "", "CertificateFile is missing")]
    [InlineData("self_signed_tls_client_auth", "", "CertificateFile is missing")]
    [InlineData("tls_client_auth", "CertificateFile ClientSecret", "AuthenticationMethod is tls_client_auth, but ClientSecret is set")]
    [InlineData("tls_client_auth", "CertificateFile PrivateKeyFile", "AuthenticationMethod is tls_client_auth, but PrivateKey is set")]
    [InlineData("tls_client_auth", "CertificateFile ClientAssertionFile", "AuthenticationMethod is tls_client_auth, but ")]
    [InlineData("spiffe_jwt", "", "ClientAssertionFile is missing: spiffe_jwt needs a JWT-SVID")]
    [InlineData("spiffe_jwt", "CertificateFile", "ClientAssertionFile is missing")]
    [InlineData("spiffe_jwt", "ClientAssertionFile ClientSecret", "AuthenticationMethod is spiffe_jwt, but ClientSecret is set")]
    [InlineData("spiffe_jwt", "ClientAssertionFile PrivateKey", "AuthenticationMethod is spiffe_jwt, but PrivateKey is set")]
    [InlineData("spiffe_jwt", "ClientAssertionFile UseClientAssertion", "ClientAssertionFile cannot be combined with UseClientAssertion")]
    [InlineData("private_key_jwt", "ClientAssertionFile UseClientAssertion", "ClientAssertionFile cannot be combined with ")]
    [InlineData("spiffe_x509", "", "CertificateFile is missing: spiffe_x509 needs a certificate")]
    [InlineData("spiffe_x509", "CertificateFile ClientAssertionFile", "AuthenticationMethod is spiffe_x509, but ClientAssertionFile is")]
    [InlineData("none", "ClientAssertionFile", "AuthenticationMethod is none, but ClientAssertionFile")]
    [InlineData("none", "ClientSecret", "AuthenticationMethod is none, but ClientSecret is set")]
    [InlineData("client_secret_basic", "ClientSecret ClientAssertionFile", "AuthenticationMethod is client_secret_basic, but")]
    [InlineData("private_key_jwt", "", "PrivateKey is missing")]
    [InlineData("private_key_jwt", "ClientAssertionFile ClientSecret", "AuthenticationMethod is private_key_jwt, but ClientSecret is set")]
    [InlineData("tls_client_auth", "CertificateFile CertificateThumbprint", "CertificateThumbprint is one of several sources")]
    [InlineData("tls_client_auth", "CertificateKeyFile CertificateThumbprint", "CertificateKeyFile needs CertificateFile")]
    [InlineData("client_secret_basic", "ClientSecret CertificateBoundTokens", "CertificateBoundTokens needs a certificate")]
    [InlineData("tls_client_auth", "CertificateFile CertificateStore", "CertificateStore must be")]
    public void Missing_or_unused_credential_is_an_error_at_start(string method, string credentials, string problem)
    {
        OptionsValidationException exception =
            Assert.Throws<OptionsValidationException>(() => TokenProvider.Create(options => Configure(options, credentials, method)));
        Assert.Contains($"The default client: {problem}", exception.Message, StringComparison.Ordinal);
    }

    private static void Configure(ClientCredentialsOptions options, string credentials, string? method)
    {
        (options.TokenEndpoint, options.Authority) = (TestProvider.TokenEndpoint, "https://id.example.com");
        (options.ClientId, options.AuthenticationMethod) = ("shop", method);
        foreach (string credential in credentials.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            Set(options, credential);
        }
    }

    private static void Set(ClientCredentialsOptions options, string credential)
    {
        switch (credential)
        {
            case "ClientSecret": options.ClientSecret = "secret"; break;
            case "ClientSecretFile": options.ClientSecretFile = "/secret"; break;
            case "CertificateFile": options.CertificateFile = "/tls.pem"; break;
            case "CertificateKeyFile": options.CertificateKeyFile = "/tls.key"; break;
            case "CertificateThumbprint": options.CertificateThumbprint = new string('0', 40); break;
            case "CertificateStore": options.CertificateStore = "My"; break;
            case "CertificateBoundTokens": options.CertificateBoundTokens = true; break;
            case "UseCertificate": options.UseCertificate(_ => throw new NotSupportedException()); break;
            case "PrivateKey": options.PrivateKey = "key"; break;
            case "PrivateKeyFile": options.PrivateKeyFile = "/key.pem"; break;
            case "UsePrivateKeyJwt": options.UsePrivateKeyJwt(_ => throw new NotSupportedException()); break;
            case "ClientAssertionFile": options.ClientAssertionFile = "/token"; break;
            default: options.UseClientAssertion(_ => throw new NotSupportedException()); break;
        }
    }

    // As a package brings it.
    private sealed class OtherAuthentication(string? name) : ClientAuthentication
    {
        public override string Method => name ?? "private_key_jwt";

        public override ValueTask WriteAsync(AuthorizationServerRequest request, CancellationToken cancellationToken) =>
            ValueTask.CompletedTask;
    }
}
