using System.Net.Http.Headers;

namespace OAuthClientCredentials.Api;

/// <summary>The <c>Authorization</c> header that the caller set .</summary>
internal static class CallerAuthorization
{
    // Only these names are logged. Any other word may be a key that an API expects without a scheme.
    private static readonly string[] KnownSchemes = ["Basic", "Bearer", "Digest", "DPoP", "Negotiate", "NTLM"];

    /// <summary>
    /// Whether the header is sent instead of a token. <c>Bearer</c> or <c>DPoP</c> without a credential is a placeholder for the token, as
    /// in Refit's <c>[Headers("Authorization: Bearer")]</c>.
    /// </summary>
    public static bool IsKept(HttpRequestMessage request) =>
        request.Headers.NonValidated.TryGetValues("Authorization", out HeaderStringValues values) && !IsPlaceholder(values);

    /// <summary>Returns the scheme if the header has no credential, "" if it is empty, and otherwise null.</summary>
    public static string? SchemeWithoutCredential(HttpRequestMessage request)
    {
        if (!request.Headers.NonValidated.TryGetValues("Authorization", out HeaderStringValues values))
        {
            return null;
        }

        string header = values.ToString().Trim();
        foreach (string scheme in KnownSchemes)
        {
            if (scheme.Equals(header, StringComparison.OrdinalIgnoreCase))
            {
                return scheme;
            }
        }

        return header.Length == 0 ? "" : null;
    }

    private static bool IsPlaceholder(HeaderStringValues values)
    {
        foreach (string value in values)
        {
            if (!TokenScheme.Contains(value.AsSpan().Trim()))
            {
                return false;
            }
        }

        return true;
    }
}
