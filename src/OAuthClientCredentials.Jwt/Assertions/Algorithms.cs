namespace OAuthClientCredentials.Jwt.Assertions;

/// <summary>The signature algorithms of assertions. <c>none</c> is not one of them .</summary>
internal static class Algorithms
{
    /// <summary>The algorithms of <c>private_key_jwt</c>.</summary>
    public static readonly string[] Asymmetric = ["PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "RS256", "EdDSA"];

    /// <summary>The algorithms of <c>client_secret_jwt</c>.</summary>
    public static readonly string[] Symmetric = ["HS256", "HS384", "HS512"];

    /// <summary>The algorithms that FAPI 2.0 section 5.4.1 allows.</summary>
    public static readonly string[] Fapi2 = ["PS256", "ES256", "EdDSA"];

    /// <summary>What is wrong with the algorithm of a key if RequireFapi2 is set, or null.</summary>
    public static string? FindFapi2Problem(ClientCredentialsOptions options, string algorithm)
    {
        if (!options.RequireFapi2 || Fapi2.Contains(algorithm, StringComparer.Ordinal))
        {
            return null;
        }

        const string Allowed = "but only PS256, ES256 and EdDSA are allowed (RequireFapi2: FAPI 2.0 section 5.4.1)";
        return $"signs with {algorithm}, {Allowed}. Use an RSA or P-256 key, without another alg";
    }

    /// <summary>
    /// Whether a signature can have this length. ECDSA and EdDSA fix the length (RFC 7518 section 3.4, RFC 8037 section 3.1); the length of
    /// an RSA signature depends on the key.
    /// </summary>
    public static bool IsSignatureLength(string algorithm, int bytes) => algorithm switch
    {
        "ES256" or "EdDSA" => bytes == 64,
        "ES384" => bytes == 96,
        "ES512" => bytes == 132,
        _ => bytes > 0,
    };
}
