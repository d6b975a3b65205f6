using System.Buffers.Text;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using OAuthClientCredentials.IntegrationTests.Canaries;

namespace OAuthClientCredentials.IntegrationTests.Methods;

/// <summary>Keys in the formats of files and of client registrations.</summary>
internal static class TestKeys
{
    public const string Password = Canary.Marker + "password";

    private static readonly PbeParameters Encryption = new(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1000);

    // An RSA key takes half a second on a small machine, so the tests share one.
    private static readonly Lazy<RSA> Rsa = new(() => RSA.Create(2048));

    public static RSA RsaKey => Rsa.Value;

    public static AsymmetricAlgorithm Create(string algorithm) => algorithm switch
    {
        "ES256" => ECDsa.Create(ECCurve.NamedCurves.nistP256),
        "ES384" => ECDsa.Create(ECCurve.NamedCurves.nistP384),
        "ES512" => ECDsa.Create(ECCurve.NamedCurves.nistP521),
        _ => Rsa.Value,
    };

    public static JsonObject Set(params JsonObject[] keys) => new() { ["keys"] = new JsonArray([.. keys]) };

    public static JsonObject PublicJwk(AsymmetricAlgorithm key, string? keyId = null)
    {
        JsonObject jwk = key is ECDsa ec ? PublicJwk(ec.ExportParameters(false)) : PublicJwk(((RSA)key).ExportParameters(false));
        if (keyId is not null)
        {
            jwk["kid"] = keyId;
        }

        return jwk;
    }

    public static JsonObject PublicJwk(X509Certificate2 certificate)
    {
        using AsymmetricAlgorithm key = certificate.GetECDsaPublicKey() ?? (AsymmetricAlgorithm)certificate.GetRSAPublicKey()!;
        JsonObject jwk = PublicJwk(key);
        jwk["use"] = "sig";
        jwk["x5c"] = new JsonArray(Convert.ToBase64String(certificate.RawData));
        return jwk;
    }

    public static string Pem(AsymmetricAlgorithm key) => key.ExportPkcs8PrivateKeyPem();

    public static string EncryptedPem(AsymmetricAlgorithm key) => key.ExportEncryptedPkcs8PrivateKeyPem(Password, Encryption);

    /// <summary>Certificate and key in one PEM file.</summary>
    public static string Pem(X509Certificate2 certificate) => $"{certificate.ExportCertificatePem()}\n{Pem(KeyOf(certificate))}\n";

    public static AsymmetricAlgorithm KeyOf(X509Certificate2 certificate) =>
        certificate.GetECDsaPrivateKey() ?? (AsymmetricAlgorithm)certificate.GetRSAPrivateKey()!;

    public static X509Certificate2 CertificateOf(ECDsa key) =>
        new CertificateRequest("CN=key", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));

    private static JsonObject PublicJwk(ECParameters key) => new()
    {
        ["kty"] = "EC",
        ["crv"] = key.Curve.Oid.Value switch { "1.2.840.10045.3.1.7" => "P-256", "1.3.132.0.34" => "P-384", _ => "P-521" },
        ["x"] = Base64Url.EncodeToString(key.Q.X),
        ["y"] = Base64Url.EncodeToString(key.Q.Y),
    };

    private static JsonObject PublicJwk(RSAParameters key) => new()
    {
        ["kty"] = "RSA",
        ["n"] = Base64Url.EncodeToString(key.Modulus),
        ["e"] = Base64Url.EncodeToString(key.Exponent),
    };
}
