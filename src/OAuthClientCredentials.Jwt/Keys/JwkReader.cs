using System.Text.Json;
using Microsoft.IdentityModel.Tokens;

namespace OAuthClientCredentials.Jwt.Keys;

/// <summary>Reads a JWK (RFC 7517), or the key of a client from a key set.</summary>
internal static class JwkReader
{
    private const string Invalid = $"is not a valid JWK of a supported type and curve. {KeyReader.UseSupportedKey}";

    /// <exception cref="FormatException">The key cannot be read.</exception>
    public static JsonWebKey Read(string json, string? keyId)
    {
        try
        {
            return Complete(Select(json, keyId));
        }
        catch (Exception exception) when (exception is ArgumentException or JsonException)
        {
            throw new FormatException(Invalid);
        }
    }

    private static JsonWebKey Select(string json, string? keyId)
    {
        IList<JsonWebKey> all = new JsonWebKeySet(json).Keys;
        if (all.Count == 0)
        {
            return new(json);
        }

        JsonWebKey[] keys = [.. all.Where(IsPrivate)];
        JsonWebKey[] named = [.. keys.Where(key => key.Kid == keyId)];
        return (named, keys) switch
        {
            ([var key], _) => key,
            (_, [var key]) => key,
            (_, []) => throw new FormatException("is a key set without a private key. Use the private key"),
            _ => throw new FormatException($"is a key set of {keys.Length} private keys. Set KeyId to the kid of one of them"),
        };
    }

    private static bool IsPrivate(JsonWebKey key) => !string.IsNullOrEmpty(key.D);

    private static JsonWebKey Complete(JsonWebKey key)
    {
        if (key.Kty == "OKP")
        {
            throw new FormatException($"is an {NameOf(key)} key, which .NET does not support. Use an RSA or EC key");
        }

        if (key.Kty is not (JsonWebAlgorithmsKeyTypes.RSA or JsonWebAlgorithmsKeyTypes.EllipticCurve or JsonWebAlgorithmsKeyTypes.Octet))
        {
            throw new FormatException(Invalid);
        }

        // What is wrong with a secret or a public key is found by the signing key.
        if (!IsPrivate(key))
        {
            return key;
        }

        if (key.Kty == JsonWebAlgorithmsKeyTypes.RSA && !key.HasPrivateKey)
        {
            RsaPrimes.AddTo(key);
        }

        // JsonWebKey checks its members when it is first used. The conversion uses it here, so that an unusable key is an error at start.
        if (!JsonWebKeyConverter.TryConvertToSecurityKey(key, out _))
        {
            throw new FormatException(Invalid);
        }

        return key;
    }

    // The name comes from the key, so that only a known one is quoted.
    private static string NameOf(JsonWebKey key) => key.Crv is "Ed25519" or "Ed448" or "X25519" or "X448" ? key.Crv : "OKP";
}
