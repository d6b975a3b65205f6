using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;

namespace OAuthClientCredentials.IntegrationTests.OidcProvider;

/// <summary>How the server behaves to all clients.</summary>
internal sealed class OidcProviderSettings
{
    /// <summary>Who may issue certificates for tls_client_auth.</summary>
    public IReadOnlyList<X509Certificate2> CertificateAuthorities { get; init; } = [];

    /// <summary>Takes assertions as RFC 10070 has them and no others: the audience is the issuer and no list, the type client-authentication+jwt.</summary>
    public bool StrictAssertions { get; init; }

    /// <summary>Token endpoint and API demand a nonce in DPoP proofs.</summary>
    public bool DPoPNonce { get; init; }

    /// <summary>Overrides or adds members of the metadata document; null takes a member out.</summary>
    public JsonObject Metadata { get; init; } = [];

    public string ToJson(X509Certificate2 server, IEnumerable<OidcClient> clients)
    {
        using ECDsa key = server.GetECDsaPrivateKey()!;
        return new JsonObject
        {
            ["tls"] = new JsonObject { ["certificate"] = server.ExportCertificatePem(), ["key"] = key.ExportPkcs8PrivateKeyPem() },
            ["clients"] = new JsonArray([.. clients.Select(client => client.Metadata.DeepClone())]),
            ["certificateAuthorities"] = new JsonArray([.. CertificateAuthorities.Select(authority => JsonValue.Create(authority.ExportCertificatePem()))]),
            ["strictAssertions"] = StrictAssertions,
            ["dpopNonce"] = DPoPNonce,
            ["metadata"] = Metadata.DeepClone(),
        }.ToJsonString();
    }
}
