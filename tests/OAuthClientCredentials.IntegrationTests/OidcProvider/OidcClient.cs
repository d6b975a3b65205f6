using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using OAuthClientCredentials.IntegrationTests.Methods;

namespace OAuthClientCredentials.IntegrationTests.OidcProvider;

/// <summary>A client registration at the server: the metadata of RFC 7591 and RFC 8705.</summary>
internal sealed class OidcClient
{
    private OidcClient(string id, string method) =>
        Metadata = new JsonObject { ["client_id"] = id, ["token_endpoint_auth_method"] = method };

    public string Id => Metadata["client_id"]!.GetValue<string>();

    public JsonObject Metadata { get; }

    /// <summary>client_secret_basic, client_secret_post or client_secret_jwt. The previous secret is accepted for the first two.</summary>
    public static OidcClient WithSecret(string id, string method, string secret, string? previous = null) =>
        new OidcClient(id, method).With("client_secret", secret).With("previous_client_secret", previous);

    /// <summary>private_key_jwt with any of these public keys.</summary>
    public static OidcClient WithKeys(string id, params JsonObject[] keys) =>
        new OidcClient(id, "private_key_jwt").With("jwks", TestKeys.Set(keys));

    /// <summary>tls_client_auth with a certificate of the authority that has this subject.</summary>
    public static OidcClient WithSubject(string id, string subject) =>
        new OidcClient(id, "tls_client_auth").With("tls_client_auth_subject_dn", subject);

    /// <summary>self_signed_tls_client_auth with any of these certificates.</summary>
    public static OidcClient WithCertificates(string id, params X509Certificate2[] certificates) =>
        new OidcClient(id, "self_signed_tls_client_auth").With("jwks", TestKeys.Set([.. certificates.Select(TestKeys.PublicJwk)]));

    /// <summary>Binds the tokens to the client certificate, whatever the method.</summary>
    public OidcClient BoundToCertificate() => With("tls_client_certificate_bound_access_tokens", true);

    public OidcClient WithLifetime(int seconds) => With("lifetime", seconds);

    /// <summary>Sets a member of the metadata, unless the value is null.</summary>
    public OidcClient With(string name, JsonNode? value)
    {
        if (value is not null)
        {
            Metadata[name] = value;
        }

        return this;
    }
}
