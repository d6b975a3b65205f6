using System.Formats.Asn1;
using System.Security.Cryptography;
using Microsoft.IdentityModel.Tokens;

namespace OAuthClientCredentials.Tests.Jwt;

/// <summary>Private keys in the formats of other tools.</summary>
internal static class TestKeys
{
    public const string Ed25519Pem =
        "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----";

    public const string Ed25519Jwk = $$"""{"kty":"OKP","crv":"Ed25519","x":"{{Canary}}","d":"{{Canary}}"}""";

    private const string Canary = "canarycanarycanarycanarycanarycanarycanary4";

    public const string OldEncryptedPem =
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\nY2FuYXJ5\n"
            + "-----END RSA PRIVATE KEY-----";

    public const string OpenSshPem = "-----BEGIN OPENSSH PRIVATE KEY-----\nY2FuYXJ5\n-----END OPENSSH PRIVATE KEY-----";

    public static readonly PbeParameters Encryption = new(PbeEncryptionAlgorithm.Aes128Cbc, HashAlgorithmName.SHA256, 1000);

    /// <summary>The PKCS#8 of a key that is restricted to RSA-PSS (RFC 4055 section 1.2).</summary>
    public static string RsaPssPem(RSA key)
    {
        AsnWriter writer = new(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteInteger(0);
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier("1.2.840.113549.1.1.10");
            }

            writer.WriteOctetString(key.ExportRSAPrivateKey());
        }

        return PemEncoding.WriteString("PRIVATE KEY", writer.Encode());
    }

    public static string RsaJwk(RSA key, params string[] names)
    {
        RSAParameters all = key.ExportParameters(includePrivateParameters: true);
        Dictionary<string, byte[]?> members = new()
        {
            ["n"] = all.Modulus,
            ["e"] = all.Exponent,
            ["d"] = all.D,
            ["p"] = all.P,
            ["q"] = all.Q,
            ["dp"] = all.DP,
            ["dq"] = all.DQ,
            ["qi"] = all.InverseQ,
        };
        IEnumerable<string> written = names.Select(name => $",\"{name}\":\"{Base64UrlEncoder.Encode(members[name])}\"");
        return $$"""{"kty":"RSA"{{string.Concat(written)}}}""";
    }

    public static string EcJwk(ECDsa key, string kid)
    {
        ECParameters all = key.ExportParameters(includePrivateParameters: true);
        string[] values = [.. new[] { all.Q.X, all.Q.Y, all.D }.Select(Base64UrlEncoder.Encode)];
        return $$"""{"kty":"EC","crv":"P-256","kid":"{{kid}}","x":"{{values[0]}}","y":"{{values[1]}}","d":"{{values[2]}}"}""";
    }
}
