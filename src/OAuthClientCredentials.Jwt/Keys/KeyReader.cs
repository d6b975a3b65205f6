using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.IdentityModel.Tokens;

namespace OAuthClientCredentials.Jwt.Keys;

/// <summary>Reads a private key as it commonly comes: PEM, a JWK, PKCS#12.</summary>
internal static class KeyReader
{
    /// <exception cref="FormatException">It is none of these; the message says why and quotes nothing.</exception>
    public static SecurityKey Read(ReadOnlySpan<byte> content, string? password)
    {
        try
        {
            content = content.StartsWith("\uFEFF"u8) ? content[3..] : content;
            return content.IndexOf("-----BEGIN"u8) >= 0 ? FromPem(Encoding.UTF8.GetString(content), password)
                : content.TrimStart(" \t\r\n"u8).StartsWith("{"u8) ? FromJwk(Encoding.UTF8.GetString(content))
                : OfCertificate(FromPkcs12(content.ToArray(), password));
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException)
        {
            throw new FormatException("is no private key in PEM, JWK or PKCS#12, or its password is wrong");
        }
    }

    // An Ed25519 key is a good one, of which the platform knows nothing.
    private static bool IsEd25519(string pem) => pem.Contains("MC4CAQAwBQYDK2Vw", StringComparison.Ordinal);

    public static SecurityKey OfCertificate(X509Certificate2 certificate) =>
        certificate.GetECDsaPrivateKey() is { } ec ? new ECDsaSecurityKey(ec)
        : certificate.GetRSAPrivateKey() is { } rsa ? new RsaSecurityKey(rsa)
        : throw new FormatException("has a certificate without an RSA or EC private key");

    private static SecurityKey FromPem(string pem, string? password)
    {
        if (!pem.Contains("PRIVATE KEY-----", StringComparison.Ordinal))
        {
            throw new FormatException("has no private part: it is a public key or a certificate");
        }

        if (pem.Contains("ENCRYPTED", StringComparison.Ordinal) == string.IsNullOrEmpty(password))
        {
            throw new FormatException(string.IsNullOrEmpty(password) ? "is encrypted. Set PrivateKeyPassword" : "is not encrypted, but PrivateKeyPassword is set. Remove it");
        }

        if (IsEd25519(pem))
        {
            throw new FormatException("is an Ed25519 key, which the platform cannot use. Bring a signer (UsePrivateKeyJwt)");
        }

        ECDsa ec = ECDsa.Create();
        if (TryImport(ec, pem, password))
        {
            return new ECDsaSecurityKey(ec);
        }

        ec.Dispose();
        RSA rsa = RSA.Create();
        Import(rsa, pem, password);
        return new RsaSecurityKey(rsa);
    }

    private static bool TryImport(AsymmetricAlgorithm key, string pem, string? password)
    {
        try
        {
            Import(key, pem, password);
            return true;
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException)
        {
            return false;
        }
    }

    private static void Import(AsymmetricAlgorithm key, string pem, string? password)
    {
        if (string.IsNullOrEmpty(password))
        {
            key.ImportFromPem(pem);
        }
        else
        {
            key.ImportFromEncryptedPem(pem, password);
        }
    }

    // The library's own key of a JWK checks each member when it is first used, so it is used here.
    private static JsonWebKey FromJwk(string json)
    {
        JsonWebKey jwk = new(json);
        return jwk.Kty == JsonWebAlgorithmsKeyTypes.Octet || !jwk.HasPrivateKey || JsonWebKeyConverter.TryConvertToSecurityKey(jwk, out _)
            ? jwk
            : throw new FormatException("is a JWK of a kind that cannot be used");
    }

    private static X509Certificate2 FromPkcs12(byte[] content, string? password)
    {
#if NET9_0_OR_GREATER
        return X509CertificateLoader.LoadPkcs12(content, password);
#else
        return new X509Certificate2(content, password);
#endif
    }
}
