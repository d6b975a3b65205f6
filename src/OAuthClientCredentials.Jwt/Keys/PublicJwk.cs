using System.Security.Cryptography;
using Microsoft.IdentityModel.Tokens;

namespace OAuthClientCredentials.Jwt.Keys;

/// <summary>Public keys as JWK (RFC 7517). No private member is ever read .</summary>
internal static class PublicJwk
{
    private const int MinRsaBytes = 256;

    /// <summary>The public part of a key in memory, or null if the key has another type.</summary>
    public static JsonWebKey? Of(SecurityKey key) => key switch
    {
        JsonWebKey jwk => new() { Kty = jwk.Kty, Crv = jwk.Crv, X = jwk.X, Y = jwk.Y, N = jwk.N, E = jwk.E },
        ECDsaSecurityKey ec => FromEc(ec.ECDsa),
        RsaSecurityKey { Rsa: { } rsa } => FromRsa(rsa.ExportParameters(includePrivateParameters: false)),
        RsaSecurityKey rsa => FromRsa(rsa.Parameters),
        X509SecurityKey { PublicKey: ECDsa ec } => FromEc(ec),
        X509SecurityKey { PublicKey: RSA rsa } => FromRsa(rsa.ExportParameters(includePrivateParameters: false)),
        _ => null,
    };

    /// <summary>
    /// Writes the required members of a public key in lexicographic order and with full length. The SHA-256 hash of this text is the
    /// thumbprint of the key (RFC 7638 section 3).
    /// </summary>
    /// <returns>The JSON, or null if the key is not one of the algorithm.</returns>
    public static string? Write(JsonWebKey key, string algorithm)
    {
        try
        {
            return (algorithm, key.Kty, key.Crv) switch
            {
                ("ES256", "EC", "P-256") => Ec(key, 32),
                ("ES384", "EC", "P-384") => Ec(key, 48),
                ("ES512", "EC", "P-521") => Ec(key, 66),
                ("EdDSA", "OKP", "Ed25519") => $$"""{"crv":"Ed25519","kty":"OKP","x":"{{Number(key.X, 32)}}"}""",
                ("PS256" or "PS384" or "PS512" or "RS256", "RSA", _) => Rsa(key),
                _ => null,
            };
        }
        catch (Exception exception) when (exception is FormatException or ArgumentException)
        {
            return null;
        }
    }

    private static string Ec(JsonWebKey key, int length) =>
        $$"""{"crv":"{{key.Crv}}","kty":"EC","x":"{{Number(key.X, length)}}","y":"{{Number(key.Y, length)}}"}""";

    private static string? Rsa(JsonWebKey key)
    {
        byte[] modulus = WithoutLeadingZeros(Base64UrlEncoder.DecodeBytes(key.N));
        if (modulus.Length < MinRsaBytes)
        {
            return null;
        }

        return $$"""{"e":"{{Number(key.E, 0)}}","kty":"RSA","n":"{{Base64UrlEncoder.Encode(modulus)}}"}""";
    }

    // Some tools omit the leading zeros that RFC 7518 section 6.2.1.2 requires, and others write more. Servers compare thumbprints.
    private static string Number(string value, int length)
    {
        byte[] digits = WithoutLeadingZeros(Base64UrlEncoder.DecodeBytes(value));
        byte[] padded = new byte[Math.Max(length, digits.Length)];
        digits.CopyTo(padded, padded.Length - digits.Length);
        return Base64UrlEncoder.Encode(padded);
    }

    private static byte[] WithoutLeadingZeros(byte[] number) => [.. number.SkipWhile(digit => digit == 0)];

    private static JsonWebKey FromRsa(RSAParameters key) =>
        new() { Kty = "RSA", N = Base64UrlEncoder.Encode(key.Modulus), E = Base64UrlEncoder.Encode(key.Exponent) };

    private static JsonWebKey FromEc(ECDsa key)
    {
        ECParameters all = key.ExportParameters(includePrivateParameters: false);
        return new()
        {
            Kty = "EC",
            Crv = NameOf(all.Curve),
            X = Base64UrlEncoder.Encode(all.Q.X),
            Y = Base64UrlEncoder.Encode(all.Q.Y),
        };
    }

    // Windows names its curves by the friendly name only.
    private static string? NameOf(ECCurve curve) => (curve.Oid?.Value, curve.Oid?.FriendlyName) switch
    {
        ("1.2.840.10045.3.1.7", _) or (_, "nistP256") => "P-256",
        ("1.3.132.0.34", _) or (_, "nistP384") => "P-384",
        ("1.3.132.0.35", _) or (_, "nistP521") => "P-521",
        _ => null,
    };
}
