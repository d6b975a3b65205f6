using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.IdentityModel.Tokens;
using OAuthClientCredentials.Authentication;

namespace OAuthClientCredentials.Jwt.Keys;

/// <summary>Reads a private key in PEM, DER, JWK or PKCS#12 format, as it is or in Base64.</summary>
internal static class KeyReader
{
    public const string UnsupportedKey = $"has a type or curve that is not supported. {UseSupportedKey}";
    public const string UseSupportedKey = "Use an RSA key, or an EC key on P-256, P-384 or P-521";

    private const string PasswordOption = nameof(ClientCredentialsOptions.PrivateKeyPassword);

    /// <exception cref="FormatException">The key cannot be read. The message gives the reason and quotes nothing of the key.</exception>
    public static SecurityKey Read(byte[] bytes, string? password, string? keyId)
    {
        CredentialContent content = CredentialContent.Parse(bytes);
        if (content.Pkcs12 is { } pkcs12)
        {
            return FromPkcs12(pkcs12, password);
        }

        if (content.IsPem)
        {
            return FromPem(content.Text, password);
        }

        if (!content.IsJson)
        {
            throw new FormatException($"is not a private key in PEM, JWK or PKCS#12 format. {RemedyFor(content.Text)}");
        }

        if (!string.IsNullOrEmpty(password))
        {
            throw new FormatException($"is a JWK, which is not encrypted, but {PasswordOption} is set. Remove {PasswordOption}");
        }

        return JwkReader.Read(content.Text, keyId);
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
        if (!PrivateKeyPem.IsIn(pem))
        {
            throw new FormatException("is a public key or a certificate, not a private key. Use the private key");
        }

        if (PrivateKeyPem.FindProblem(pem, password, PasswordOption) is { } problem)
        {
            throw new FormatException(problem);
        }

        AsymmetricAlgorithm key = PrivateKeyPem.Import(pem, password)!;
        if (key is ECDsa ec)
        {
            return new ECDsaSecurityKey(ec);
        }

        return new RsaSecurityKey((RSA)key);
    }

    private static SecurityKey FromPkcs12(byte[] content, string? password)
    {
        try
        {
            return FromCertificate(LoadPkcs12(content, password));
        }
        catch (CryptographicException exception)
        {
            throw new FormatException(CredentialContent.ProblemOfPkcs12(exception, password, PasswordOption));
        }
    }

    private static string RemedyFor(string text)
    {
        bool isLine = text.Length < 260 && !text.Contains('\n', StringComparison.Ordinal);
        if (isLine && (Path.IsPathRooted(text) || Path.GetExtension(text).Length is > 1 and <= 5))
        {
            return "It seems to be the path of a file. Set PrivateKeyFile to it";
        }

        return "Check that it is complete";
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
