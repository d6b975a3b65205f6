namespace OAuthClientCredentials.Jwt.Assertions;

/// <summary>The signature algorithms of assertions: never <c>none</c>, and HMAC only where the method says so.</summary>
internal static class Algorithms
{
    public static readonly string[] OfKeys = ["PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "RS256", "EdDSA"];

    public static readonly string[] OfSecrets = ["HS256", "HS384", "HS512"];
}
