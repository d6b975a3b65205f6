using System.Buffers.Text;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using OAuthClientCredentials.IntegrationTests.Canaries;
using OAuthClientCredentials.IntegrationTests.OidcProvider;

namespace OAuthClientCredentials.IntegrationTests.Methods;

/// <summary>Keys and certificates as files hold them.</summary>
internal static class Material
{
    public const string Password = Canary.Marker + "password";

    private static readonly PbeParameters Encryption = new(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1000);

    // Making one takes half a second on a small machine.
    private static readonly Lazy<RSA> Rsa = new(() => RSA.Create(2048));

    public static RSA RsaKey => Rsa.Value;

    public static AsymmetricAlgorithm KeyFor(string algorithm) => algorithm switch
    {
        "ES256" => ECDsa.Create(ECCurve.NamedCurves.nistP256),
        "ES384" => ECDsa.Create(ECCurve.NamedCurves.nistP384),
        "ES512" => ECDsa.Create(ECCurve.NamedCurves.nistP521),
        _ => Rsa.Value,
    };

    public static string Pem(AsymmetricAlgorithm key) => key.ExportPkcs8PrivateKeyPem();

    public static string EncryptedPem(AsymmetricAlgorithm key) => key.ExportEncryptedPkcs8PrivateKeyPem(Password, Encryption);

    public static string Jwk(AsymmetricAlgorithm key, string algorithm)
    {
        JsonObject jwk = JsonWebKeys.Of(key, "jwk-1", algorithm);
        if (key is ECDsa ec)
        {
            jwk["d"] = Base64Url.EncodeToString(ec.ExportParameters(includePrivateParameters: true).D);
            return jwk.ToJsonString();
        }

        RSAParameters rsa = ((RSA)key).ExportParameters(includePrivateParameters: true);
        foreach ((string name, byte[]? value) in new[] { ("d", rsa.D), ("p", rsa.P), ("q", rsa.Q), ("dp", rsa.DP), ("dq", rsa.DQ), ("qi", rsa.InverseQ) })
        {
            jwk[name] = Base64Url.EncodeToString(value);
        }

        return jwk.ToJsonString();
    }

    public static byte[] Pkcs12(AsymmetricAlgorithm key)
    {
        using X509Certificate2 certificate = CertificateOf(key);
        return certificate.Export(X509ContentType.Pfx, Password);
    }

    public static string PemWithCertificate(AsymmetricAlgorithm key)
    {
        using X509Certificate2 certificate = CertificateOf(key);
        return Pem(certificate);
    }

    public static string KeyPem(X509Certificate2 certificate)
    {
        using AsymmetricAlgorithm key = KeyOf(certificate);
        return Pem(key);
    }

    public static string EncryptedKeyPem(X509Certificate2 certificate)
    {
        using AsymmetricAlgorithm key = KeyOf(certificate);
        return EncryptedPem(key);
    }

    /// <summary>Certificate and key in one PEM file.</summary>
    public static string Pem(X509Certificate2 certificate) => $"{certificate.ExportCertificatePem()}\n{KeyPem(certificate)}\n";

    private static X509Certificate2 CertificateOf(AsymmetricAlgorithm key)
    {
        CertificateRequest request = key is ECDsa ec ? new("CN=key", ec, HashAlgorithmName.SHA256) : new("CN=key", (RSA)key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }

    private static AsymmetricAlgorithm KeyOf(X509Certificate2 certificate) => certificate.GetECDsaPrivateKey() ?? (AsymmetricAlgorithm)certificate.GetRSAPrivateKey()!;
}
