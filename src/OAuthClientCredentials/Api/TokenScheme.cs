namespace OAuthClientCredentials.Api;

/// <summary>The authentication schemes of access tokens (RFC 6750, RFC 9449). Their names are compared without case.</summary>
internal static class TokenScheme
{
    public static bool Contains(ReadOnlySpan<char> scheme) =>
        scheme.Equals("Bearer", StringComparison.OrdinalIgnoreCase) || scheme.Equals("DPoP", StringComparison.OrdinalIgnoreCase);
}
