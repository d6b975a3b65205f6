using System.Security.Cryptography;
using OAuthClientCredentials.Authentication;
using OAuthClientCredentials.Clients;
using OAuthClientCredentials.Jwt;

namespace OAuthClientCredentials.Tests.Authentication;

/// <summary>Which method follows from what is configured, and whether the connection shows a certificate.</summary>
public sealed class ShownCertificateTests : IDisposable
{
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    // What is set, method that is set; method that follows, whether it is mutual TLS.
    public static TheoryData<string, string?, string?, bool> Cases => new()
    {
        { "", null, "client_secret_basic", false },
        { "secret", null, "client_secret_basic", false },
        { "secret", "client_secret_post", "client_secret_post", false },
        { "secret", "client_secret_jwt", "client_secret_jwt", false },
        { "certificate", null, "tls_client_auth", true },
        { "certificate", "self_signed_tls_client_auth", "self_signed_tls_client_auth", true },
        { "certificate callback", null, "tls_client_auth", true },
        { "key", null, "private_key_jwt", false },
        { "assertion", null, "private_key_jwt", false },
        { "assertion callback", null, "private_key_jwt", false },
        { "signer", null, "private_key_jwt", false },
        { "certificate", "private_key_jwt", "private_key_jwt", false },
        { "certificate bound", "private_key_jwt", "private_key_jwt", true },
        { "certificate key", "private_key_jwt", "private_key_jwt", true },
        { "certificate assertion", "private_key_jwt", "private_key_jwt", true },
        { "certificate signer", null, "private_key_jwt", true },
        { "certificate secret", "client_secret_basic", "client_secret_basic", true },
        { "certificate", "none", "none", true },
        { "certificate key", null, null, false },
        { "certificate secret", null, null, false },
        { "key secret", null, null, false },
        { "key assertion", null, null, false },
    };

    public void Dispose() => _key.Dispose();

    [Theory]
    [Trait("Req", "R-030")]
    [MemberData(nameof(Cases))]
    public void The_method_follows_from_the_credential_and_two_need_a_word(string configured, string? method, string? expected, bool isMutualTls)
    {
        ClientCredentialsOptions options = new() { TokenEndpoint = "https://id.example.com/token", Authority = "https://id.example.com", ClientId = "shop", AuthenticationMethod = method };
        foreach (string part in configured.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            Set(part, options);
        }

        if (!configured.Contains("signer", StringComparison.Ordinal))
        {
            options.OfferAuthentication(new Brought(expected));
        }

        Assert.Equal(expected, AuthenticationMethods.Of(options));
        string[] failures = [.. new ClientCredentialsOptionsValidator(new([new("", null)], null)).Validate("", options).Failures ?? []];
        if (expected is null)
        {
            Assert.Equal("ClientCredentials:AuthenticationMethod is missing: more than one credential is configured (a secret, a certificate, a key, an assertion). Set it to the method that is meant.", Assert.Single(failures));
            return;
        }

        Assert.Equal(configured.Length == 0 ? 1 : 0, failures.Length);
        Assert.Equal(isMutualTls, AuthenticationMethods.UsesMutualTls(options));
    }

    private void Set(string part, ClientCredentialsOptions options)
    {
        switch (part)
        {
            case "secret": options.ClientSecret = "secret"; break;
            case "key": options.PrivateKey = _key.ExportPkcs8PrivateKeyPem(); break;
            case "assertion": options.ClientAssertionFile = "/run/token"; break;
            case "certificate": options.CertificateFile = "/run/tls.pem"; break;
            case "bound": options.CertificateBoundTokens = true; break;
            case "signer": options.UsePrivateKeyJwt(_ => throw new NotSupportedException()); break;
            case "callback" when options.CertificateFile is not null:
                options.CertificateFile = null;
                options.UseCertificate(_ => throw new NotSupportedException());
                break;
            case "callback":
                options.ClientAssertionFile = null;
                options.UseClientAssertion(_ => throw new NotSupportedException());
                break;
        }
    }

    // Stands for what a package brings.
    private sealed class Brought(string? name) : ClientAuthentication
    {
        public override string Method => name ?? "private_key_jwt";

        public override ValueTask WriteAsync(AuthorizationServerRequest attempt, CancellationToken cancellationToken) => ValueTask.CompletedTask;
    }
}
