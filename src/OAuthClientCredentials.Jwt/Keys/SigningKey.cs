using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.IdentityModel.Tokens;

namespace OAuthClientCredentials.Jwt.Keys;

/// <summary>Signs with a private key in memory. Immutable.</summary>
internal sealed class SigningKey(SecurityKey key, string? keyId, string? algorithm, X509Certificate2? certificate) : AssertionSigner
{
    private const int MinRsaBits = 2048;

    public override string Algorithm { get; } = string.IsNullOrEmpty(algorithm) ? DefaultAlgorithmOf(key) : algorithm;

    public override string? KeyId { get; } = string.IsNullOrEmpty(keyId) ? (key as JsonWebKey)?.Kid : keyId;

    public override JsonWebKey? PublicKey => PublicJwk.Of(key);

    /// <summary>The thumbprint of the public key (RFC 7638).</summary>
    internal override string CredentialId { get; } = ThumbprintOf(key);

    internal override X509Certificate2? Certificate => certificate;

    /// <summary>Finds out why the key cannot sign.</summary>
    /// <returns>The problem and the remedy, or <see langword="null"/> if the key can sign.</returns>
    public string? FindProblem()
    {
        if (IsSecret(key))
        {
            return "is a secret, not a private key. For a secret set ClientSecret, and AuthenticationMethod to client_secret_jwt";
        }

        if (IsPublic(key))
        {
            return "is a public key, not a private key. Use the private key";
        }

        if (FamilyOf(key) is not { } family)
        {
            return "is neither an RSA nor an EC key. For other keys use a signer (UsePrivateKeyJwt)";
        }

        int bits = BitsOf(key);
        if (!IsSupported(Algorithm, family, bits))
        {
            return $"does not support {Algorithm}: it is an {family} key of {bits} bits. Change the algorithm (KeyAlgorithm) or the key";
        }

        if (family == "RSA" && bits < MinRsaBits)
        {
            return $"is too short: RSA keys need {MinRsaBits} bits, and this one has {bits}. Use a longer key";
        }

        return null;
    }

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

    private static string DefaultAlgorithmOf(SecurityKey key)
    {
        if (key is JsonWebKey { Alg: { Length: > 0 } algorithm })
        {
            return algorithm;
        }

        if (FamilyOf(key) != "EC")
        {
            return SecurityAlgorithms.RsaSsaPssSha256;
        }

        return BitsOf(key) switch
        {
            <= 256 => SecurityAlgorithms.EcdsaSha256,
            <= 384 => SecurityAlgorithms.EcdsaSha384,
            _ => SecurityAlgorithms.EcdsaSha512,
        };
    }

    private static string ThumbprintOf(SecurityKey key)
    {
        if (!key.CanComputeJwkThumbprint())
        {
            return key.KeyId ?? "";
        }

        return Base64UrlEncoder.Encode(key.ComputeJwkThumbprint());
    }

    private static bool IsSecret(SecurityKey key) => key is SymmetricSecurityKey or JsonWebKey { Kty: JsonWebAlgorithmsKeyTypes.Octet };

    private static bool IsPublic(SecurityKey key) => key switch
    {
        JsonWebKey jwk => !jwk.HasPrivateKey,
        AsymmetricSecurityKey asymmetric => asymmetric.PrivateKeyStatus == PrivateKeyStatus.DoesNotExist,
        _ => false,
    };

    private static bool IsSupported(string algorithm, string family, int bits) => algorithm switch
    {
        "ES256" => family == "EC" && bits == 256,
        "ES384" => family == "EC" && bits == 384,
        "ES512" => family == "EC" && bits == 521,
        "PS256" or "PS384" or "PS512" or "RS256" => family == "RSA",
        _ => false,
    };

    private static string? FamilyOf(SecurityKey key) => key switch
    {
        RsaSecurityKey or JsonWebKey { Kty: JsonWebAlgorithmsKeyTypes.RSA } or X509SecurityKey { PublicKey: RSA } => "RSA",
        ECDsaSecurityKey or JsonWebKey { Kty: JsonWebAlgorithmsKeyTypes.EllipticCurve } or X509SecurityKey { PublicKey: ECDsa } => "EC",
        _ => null,
    };

    // JsonWebKey.KeySize counts whole bytes, which makes 528 bits of P-521.
    private static int BitsOf(SecurityKey key) => key is JsonWebKey { Crv: JsonWebKeyECTypes.P521 } ? 521 : key.KeySize;
}
