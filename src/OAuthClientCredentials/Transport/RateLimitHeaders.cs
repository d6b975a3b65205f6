using System.Net;
using System.Net.Http.Headers;
using OAuthClientCredentials.Diagnostics;

namespace OAuthClientCredentials.Transport;

/// <summary>The response headers in which servers report a quota. They are shown to people and decide nothing.</summary>
internal static class RateLimitHeaders
{
    private const string RetryAfterName = "Retry-After";

    private const int MaxHeaders = 16;

    // GitHub, Okta, Kong and others add a suffix of their own, for instance X-RateLimit-Limit-Minute.
    private static readonly string[] Prefixes = ["RateLimit-", "X-RateLimit-", "X-Rate-Limit-"];

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

            if (IsQuota(name)
                && ServerText.Clean(name, secrets()) is { } cleanName
                && ServerText.Clean(values.ToString(), secrets()) is { } value)
            {
                found[cleanName] = value;
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

    private static bool IsQuota(string name) =>
        name.Equals(RetryAfterName, StringComparison.OrdinalIgnoreCase)
        || name.Equals("RateLimit", StringComparison.OrdinalIgnoreCase)
        || Prefixes.Any(prefix => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase))
        || IsAuth0Quota(name);

    // Auth0 has a header for each kind of quota, for instance Auth0-Client-Quota-Limit and Auth0-Organization-Quota-Limit.
    private static bool IsAuth0Quota(string name) =>
        name.StartsWith("Auth0-", StringComparison.OrdinalIgnoreCase) && name.Contains("-Quota-", StringComparison.OrdinalIgnoreCase);
}
