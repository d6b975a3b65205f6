namespace OAuthClientCredentials.Jwt.Assertions;

/// <summary>The signature algorithms of assertions: never <c>none</c>, and HMAC only where the method says so.</summary>
internal static class Algorithms
{
    public static readonly string[] OfKeys = ["PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "RS256", "EdDSA"];

    /// <summary>How long a signature is where the algorithm tells (RFC 7518 section 3.4, RFC 8037); of RSA it is the key that does.</summary>
    public static int SignatureBytes(string algorithm, int actual) => algorithm switch
    {
        "ES256" or "EdDSA" => 64,
        "ES384" => 96,
        "ES512" => 132,
        _ => Math.Max(actual, 1),
    };

    public static readonly string[] OfSecrets = ["HS256", "HS384", "HS512"];
}
