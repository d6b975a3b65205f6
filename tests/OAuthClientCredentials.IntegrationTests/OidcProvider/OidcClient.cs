using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;

namespace OAuthClientCredentials.IntegrationTests.OidcProvider;

/// <summary>A client as it is registered at the server: metadata of RFC 7591, RFC 8705 and RFC 9449.</summary>
internal sealed class OidcClient
{
    private OidcClient(string id, string method) =>
        Metadata = new JsonObject { ["client_id"] = id, ["token_endpoint_auth_method"] = method };

    public string Id => Metadata["client_id"]!.GetValue<string>();

    public JsonObject Metadata { get; }

    /// <summary>client_secret_basic, client_secret_post or client_secret_jwt. A previous secret is taken too, but not for an assertion.</summary>
    public static OidcClient WithSecret(string id, string method, string secret, string? previous = null) =>
        new OidcClient(id, method).With("client_secret", secret).With("previous_client_secret", previous);

    /// <summary>private_key_jwt: any of the keys, each as <see cref="JsonWebKeys"/> describes it.</summary>
    public static OidcClient WithKeys(string id, params JsonObject[] keys) => new OidcClient(id, "private_key_jwt").With("jwks", JsonWebKeys.Set(keys));

    /// <summary>tls_client_auth: a certificate of one of the authorities with this subject.</summary>
    public static OidcClient WithSubject(string id, string subject) => new OidcClient(id, "tls_client_auth").With("tls_client_auth_subject_dn", subject);

    /// <summary>self_signed_tls_client_auth: any of these certificates.</summary>
    public static OidcClient WithCertificates(string id, params X509Certificate2[] certificates) =>
        new OidcClient(id, "self_signed_tls_client_auth").With("jwks", JsonWebKeys.Set([.. certificates.Select(JsonWebKeys.Of)]));

    /// <summary>Its tokens are bound to the certificate that is shown, whatever the method.</summary>
    public OidcClient BoundToCertificate() => With("tls_client_certificate_bound_access_tokens", true);

    public OidcClient BoundToDPoP() => With("dpop_bound_access_tokens", true);

    /// <summary>The one algorithm that is accepted; without it, any that fits the key.</summary>
    public OidcClient Signing(string algorithm) => With("token_endpoint_auth_signing_alg", algorithm);

    public OidcClient WithLifetime(int seconds) => With("lifetime", seconds);

    public OidcClient With(string name, JsonNode? value)
    {
        if (value is not null)
        {
            Metadata[name] = value;
        }

        return this;
    }
}
