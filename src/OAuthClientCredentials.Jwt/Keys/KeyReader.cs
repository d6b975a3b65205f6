using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.IdentityModel.Tokens;

namespace OAuthClientCredentials.Jwt.Keys;

/// <summary>Reads a private key in PEM, JWK or PKCS#12 format.</summary>
internal static class KeyReader
{
    public const string UnsupportedKey = $"has a type or curve that is not supported. {UseSupportedKey}";

    private const string UseSupportedKey = "Use an RSA key, or an EC key on P-256, P-384 or P-521";
    private const string Ed25519 = "1.3.101.112";

    /// <exception cref="FormatException">The key cannot be read. The message gives the reason and quotes nothing of the key.</exception>
    public static SecurityKey Read(ReadOnlySpan<byte> content, string? password)
    {
        if (content.StartsWith("\uFEFF"u8))
        {
            content = content[3..];
        }

        try
        {
            if (content.IndexOf("-----BEGIN"u8) >= 0)
            {
                return FromPem(Encoding.UTF8.GetString(content), password);
            }

            if (content.TrimStart(" \t\r\n"u8).StartsWith("{"u8))
            {
                return FromJwk(Encoding.UTF8.GetString(content));
            }

            return FromCertificate(LoadPkcs12(content.ToArray(), password));
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException)
        {
            throw new FormatException(
                "is not a private key in PEM, JWK or PKCS#12 format, or its password is wrong. Check the key and PrivateKeyPassword");
        }
    }

    /// <exception cref="FormatException">The certificate has no private key that can sign assertions.</exception>
    public static SecurityKey FromCertificate(X509Certificate2 certificate)
    {
        if (certificate.GetECDsaPrivateKey() is { } ec)
        {
            return new ECDsaSecurityKey(ec);
        }

        if (certificate.GetRSAPrivateKey() is { } rsa)
        {
            return new RsaSecurityKey(rsa);
        }

        throw new FormatException("is a certificate without an RSA or EC private key. Use a certificate together with its private key");
    }

    private static SecurityKey FromPem(string pem, string? password)
    {
        if (!pem.Contains("PRIVATE KEY-----", StringComparison.Ordinal))
        {
            throw new FormatException("is a public key or a certificate, not a private key. Use the private key");
        }

        bool isEncrypted = pem.Contains("ENCRYPTED", StringComparison.Ordinal);
        if (isEncrypted && string.IsNullOrEmpty(password))
        {
            throw new FormatException("is encrypted. Set PrivateKeyPassword");
        }

        if (!isEncrypted && !string.IsNullOrEmpty(password))
        {
            throw new FormatException("is not encrypted, but PrivateKeyPassword is set. Remove PrivateKeyPassword");
        }

        if (AlgorithmOf(pem) == Ed25519)
        {
            throw new FormatException("is an Ed25519 key, which .NET does not support. Use a signer (UsePrivateKeyJwt)");
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

    // The object identifier in an unencrypted PKCS#8 key; null for other forms of PEM.
    private static string? AlgorithmOf(ReadOnlySpan<char> pem)
    {
        while (PemEncoding.TryFind(pem, out PemFields fields))
        {
            if (pem[fields.Label].SequenceEqual("PRIVATE KEY"))
            {
                return AlgorithmOf(Convert.FromBase64String(pem[fields.Base64Data].ToString()));
            }

            pem = pem[fields.Location.End..];
        }

        return null;
    }

    // PrivateKeyInfo is a sequence that starts with the version and the algorithm (RFC 5958 section 2).
    private static string? AlgorithmOf(byte[] pkcs8)
    {
        try
        {
            AsnReader privateKeyInfo = new AsnReader(pkcs8, AsnEncodingRules.BER).ReadSequence();
            privateKeyInfo.ReadInteger();
            return privateKeyInfo.ReadSequence().ReadObjectIdentifier();
        }
        catch (AsnContentException)
        {
            return null;
        }
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

    private static JsonWebKey FromJwk(string json)
    {
        JsonWebKey jwk = new(json);
        if (jwk.Kty == JsonWebAlgorithmsKeyTypes.Octet || !jwk.HasPrivateKey)
        {
            return jwk;
        }

        // JsonWebKey checks its members when it is first used. The conversion uses it here, so that an unusable key is an error at start.
        if (!JsonWebKeyConverter.TryConvertToSecurityKey(jwk, out _))
        {
            throw new FormatException($"is not a valid JWK of a supported type and curve. {UseSupportedKey}");
        }

        return jwk;
    }

    private static X509Certificate2 LoadPkcs12(byte[] content, string? password)
    {
#if NET9_0_OR_GREATER
        return X509CertificateLoader.LoadPkcs12(content, password);
#else
        return new X509Certificate2(content, password);
#endif
    }
}
