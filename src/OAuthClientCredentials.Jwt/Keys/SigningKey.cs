using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.IdentityModel.Tokens;

namespace OAuthClientCredentials.Jwt.Keys;

/// <summary>A private key at hand, with the algorithm that it signs by. Immutable.</summary>
internal sealed class SigningKey(SecurityKey key, string? keyId, string? algorithm, X509Certificate2? certificate) : AssertionSigner
{
    private const int LeastRsaBits = 2048;

    public override string Algorithm { get; } = !string.IsNullOrEmpty(algorithm) ? algorithm : DefaultAlgorithmOf(key);

    public override string? KeyId { get; } = !string.IsNullOrEmpty(keyId) ? keyId : (key as JsonWebKey)?.Kid;

    /// <summary>Names the key, and nothing of its private part (RFC 7638).</summary>
    public string Thumbprint { get; } = key.CanComputeJwkThumbprint() ? Base64UrlEncoder.Encode(key.ComputeJwkThumbprint()) : key.KeyId ?? "";

    /// <summary>The <c>x5t#S256</c> of the certificate that the key belongs to.</summary>
    public string? CertificateThumbprint { get; } = certificate is null ? null : Base64UrlEncoder.Encode(certificate.GetCertHash(HashAlgorithmName.SHA256));

    /// <summary>Why it cannot sign, or null.</summary>
    public string? Problem =>
        key is SymmetricSecurityKey or JsonWebKey { Kty: JsonWebAlgorithmsKeyTypes.Octet } ? "is a secret and no private key; for a secret the method is client_secret_jwt"
        : key is AsymmetricSecurityKey { PrivateKeyStatus: PrivateKeyStatus.DoesNotExist } or JsonWebKey { HasPrivateKey: false } ? "has no private part: it is a public key"
        : FamilyOf(key) is null ? "is neither an RSA nor an EC key. For another kind bring a signer (UsePrivateKeyJwt)"
        : !Fits(key, Algorithm) ? $"does not serve {Algorithm}: it is {Describe(key)}"
        : FamilyOf(key) == "RSA" && BitsOf(key) < LeastRsaBits ? $"is too short: RSA keys need {LeastRsaBits} bits, and this one has {BitsOf(key)}"
        : null;

    public override ValueTask<byte[]> SignAsync(ReadOnlyMemory<byte> signingInput, CancellationToken cancellationToken)
    {
        SignatureProvider provider = key.CryptoProviderFactory.CreateForSigning(key, Algorithm);
        try
        {
            return new(provider.Sign(signingInput.ToArray()));
        }
        finally
        {
            key.CryptoProviderFactory.ReleaseSignatureProvider(provider);
        }
    }

    private static string DefaultAlgorithmOf(SecurityKey key) =>
        key is JsonWebKey { Alg: { Length: > 0 } alg } ? alg
        : FamilyOf(key) != "EC" ? SecurityAlgorithms.RsaSsaPssSha256
        : BitsOf(key) switch
        {
            <= 256 => SecurityAlgorithms.EcdsaSha256,
            <= 384 => SecurityAlgorithms.EcdsaSha384,
            _ => SecurityAlgorithms.EcdsaSha512,
        };

    private static bool Fits(SecurityKey key, string algorithm) => algorithm switch
    {
        "ES256" => FamilyOf(key) == "EC" && BitsOf(key) == 256,
        "ES384" => FamilyOf(key) == "EC" && BitsOf(key) == 384,
        "ES512" => FamilyOf(key) == "EC" && BitsOf(key) == 521,
        "PS256" or "PS384" or "PS512" or "RS256" => FamilyOf(key) == "RSA",
        _ => false,
    };

    private static string? FamilyOf(SecurityKey key) => key switch
    {
        RsaSecurityKey or JsonWebKey { Kty: JsonWebAlgorithmsKeyTypes.RSA } or X509SecurityKey { PublicKey: RSA } => "RSA",
        ECDsaSecurityKey or JsonWebKey { Kty: JsonWebAlgorithmsKeyTypes.EllipticCurve } or X509SecurityKey { PublicKey: ECDsa } => "EC",
        _ => null,
    };

    // of a JWK KeySize counts the bits of whole bytes, which is 528 for P-521.
    private static int BitsOf(SecurityKey key) => key is JsonWebKey { Crv: JsonWebKeyECTypes.P521 } ? 521 : key.KeySize;

    private static string Describe(SecurityKey key) => $"an {FamilyOf(key)} key of {BitsOf(key)} bits";
}
