using OAuthClientCredentials.Jwt.Assertions;

namespace OAuthClientCredentials.IntegrationTests.Methods;

/// <summary>The rows: method, credential and its form, whether tokens are bound to a certificate; each by discovery and with an explicit TokenEndpoint.</summary>
internal static class MethodTable
{
    private const bool Bound = true;
    private const bool Unbound = false;

    private static readonly string[] Algorithms = ["ES256", "ES384", "ES512", "PS256", "RS256"];
    private static readonly string[] KeyForms = ["PrivateKey", "PrivateKey as JWK", "PrivateKeyFile", "encrypted PrivateKeyFile", "JWK", "PKCS#12", "certificate", "SigningCredentials", "signer"];
    private static readonly string[] CertificateForms = ["PEM", "PEM and key", "PEM and encrypted key", "PKCS#12", "UseCertificate"];

    private static readonly (string Method, string Credential, bool Bound)[] Both =
    [
        ("client_secret_basic", "option", Unbound),
        ("client_secret_basic", "file", Unbound),
        ("client_secret_basic", "option", Bound),
        ("client_secret_post", "option", Unbound),
        ("client_secret_post", "file", Unbound),
        ("client_secret_post", "option", Bound),
        .. from algorithm in Algorithms from form in KeyForms select ("private_key_jwt", $"{algorithm} by {form}", Unbound),
        ("private_key_jwt", "ES256 by PrivateKeyFile", Bound),
        ("private_key_jwt", "PS256 by PrivateKeyFile", Bound),
        ("private_key_jwt", "ES256 by signer", Bound),
        .. from form in CertificateForms from bound in new[] { Unbound, Bound } select ("tls_client_auth", form, bound),
        .. from form in CertificateForms from bound in new[] { Unbound, Bound } select ("self_signed_tls_client_auth", form, bound),
    ];

    private static readonly (string Method, string Credential, bool Bound)[] OidcProviderOnly =
    [
        ("client_secret_jwt", "HS256 by option", Unbound),
        ("client_secret_jwt", "HS256 by file", Unbound),
        ("client_secret_jwt", "HS384 by option", Unbound),
        ("client_secret_jwt", "HS512 by option", Unbound),
        ("client_secret_jwt", "HS256 by option", Bound),
    ];

    public static TheoryData<string, string, bool, bool> OpenIddict => Data(Both);

    public static TheoryData<string, string, bool, bool> OidcProvider => Data([.. Both, .. OidcProviderOnly]);

    private static TheoryData<string, string, bool, bool> Data((string Method, string Credential, bool Bound)[] rows)
    {
        TheoryData<string, string, bool, bool> data = [];
        foreach ((string method, string credential, bool bound) in rows)
        {
            data.Add(method, credential, bound, true);
            data.Add(method, credential, bound, false);
        }

        return data;
    }
}
