namespace OAuthClientCredentials.IntegrationTests.Methods;

/// <summary>
/// The rows: method, credential and its form, and whether the token is bound to a certificate. SigningKeyTests has all formats of keys.
/// </summary>
internal static class MethodTable
{
    private static readonly string[] CertificateForms = ["PEM", "PEM and key", "PEM and encrypted key", "PKCS#12", "UseCertificate"];

    private static readonly (string Method, string Credential, bool Bound)[] Common =
    [
        .. from method in new[] { "client_secret_basic", "client_secret_post" }
           from credential in new[] { "option", "file" }
           select (method, credential, false),
        ("client_secret_basic", "option", true),
        ("client_secret_post", "option", true),
        .. from algorithm in new[] { "ES256", "ES384", "ES512", "PS256", "RS256" }
           select ("private_key_jwt", $"{algorithm} by PrivateKeyFile", false),
        .. from form in new[] { "PrivateKey", "certificate", "signer" }
           select ("private_key_jwt", $"ES256 by {form}", false),
        ("private_key_jwt", "ES256 by PrivateKeyFile", true),
        ("private_key_jwt", "PS256 by signer", true),
        .. from method in new[] { "tls_client_auth", "self_signed_tls_client_auth" }
           from form in CertificateForms
           from bound in new[] { false, true }
           select (method, form, bound),
    ];

    private static readonly (string Method, string Credential, bool Bound)[] SecretJwt =
    [
        .. from credential in new[] { "HS256 by option", "HS256 by file", "HS384 by option", "HS512 by option" }
           select ("client_secret_jwt", credential, false),
        ("client_secret_jwt", "HS256 by option", true),
    ];

    /// <summary>Each method and algorithm once: the form of a credential does not change the request.</summary>
    public static TheoryData<string, string, bool> OpenIddict =>
        Data([.. Common.Where(row => row.Credential is "option" or "PEM" || row.Credential.EndsWith("File", StringComparison.Ordinal))]);

    public static TheoryData<string, string, bool> OidcProvider => Data([.. Common, .. SecretJwt]);

    private static TheoryData<string, string, bool> Data((string Method, string Credential, bool Bound)[] rows)
    {
        TheoryData<string, string, bool> data = [];
        Array.ForEach(rows, row => data.Add(row.Method, row.Credential, row.Bound));
        return data;
    }
}
