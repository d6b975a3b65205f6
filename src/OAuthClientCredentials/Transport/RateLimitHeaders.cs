using System.Net;
using System.Net.Http.Headers;
using OAuthClientCredentials.Diagnostics;

namespace OAuthClientCredentials.Transport;

/// <summary>The response headers in which servers report a quota. They are shown to people and decide nothing.</summary>
internal static class RateLimitHeaders
{
    private const string RetryAfterName = "Retry-After";

    private const int MaxHeaders = 16;

    private static readonly string[] Names =
    [
        RetryAfterName,
        "RateLimit", "RateLimit-Policy", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset",
        "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset",
        "X-Rate-Limit-Limit", "X-Rate-Limit-Remaining", "X-Rate-Limit-Reset",
    ];

    /// <summary>Returns at most 16 headers by name, without regard to case. Their values are cleaned.</summary>
    public static IReadOnlyDictionary<string, string> Read(HttpResponseMessage response, Func<List<string>> secrets)
    {
        Dictionary<string, string> found = new(StringComparer.OrdinalIgnoreCase);
        foreach ((string name, HeaderStringValues values) in response.Headers.NonValidated)
        {
            if (found.Count == MaxHeaders)
            {
                break;
            }

            if (QuotableName(name, secrets) is { } quotable && ServerText.Clean(values.ToString(), secrets()) is { } value)
            {
                found[quotable] = value;
            }
        }

        return found.AsReadOnly();
    }

    /// <summary>
    /// Whether the headers report a quota. Retry-After alone does so with status 429 only. With status 503 it reports an outage.
    /// </summary>
    public static bool HaveQuota(IReadOnlyDictionary<string, string> headers, HttpStatusCode status) =>
        WithoutRetryAfter(headers).Any() || (status == HttpStatusCode.TooManyRequests && headers.Count > 0);

    public static string Describe(IEnumerable<KeyValuePair<string, string>> headers) =>
        string.Join("; ", headers.Select(header => $"{header.Key}: {header.Value}"));

    public static IEnumerable<KeyValuePair<string, string>> WithoutRetryAfter(IReadOnlyDictionary<string, string> headers) =>
        headers.Where(header => !header.Key.Equals(RetryAfterName, StringComparison.OrdinalIgnoreCase));

    // A known name is quoted as it is, even if a secret happens to be part of it.
    private static string? QuotableName(string name, Func<List<string>> secrets)
    {
        if (Names.Contains(name, StringComparer.OrdinalIgnoreCase))
        {
            return name;
        }

        return IsAuth0Quota(name) ? ServerText.Clean(name, secrets()) : null;
    }

    // Auth0 has a header for each kind of quota, for instance Auth0-Client-Quota-Limit and Auth0-Organization-Quota-Limit.
    private static bool IsAuth0Quota(string name) =>
        name.StartsWith("Auth0-", StringComparison.OrdinalIgnoreCase) && name.Contains("-Quota-", StringComparison.OrdinalIgnoreCase);
}
