using System.Net;
using OAuthClientCredentials.Wire;

namespace OAuthClientCredentials.Handling;

/// <summary>Whether an API's answer says that the token is at fault.</summary>
internal static class Verdict
{
    public static bool IsUnauthorized(Task<HttpResponseMessage> completed) => completed.GetAwaiter().GetResult().StatusCode == HttpStatusCode.Unauthorized;

    // Every response comes by here: the closure below must not be made for those that are no 401.
    public static bool IsForToken(HttpResponseMessage response, AccessTokenHandlerOptions options) =>
        response.StatusCode == HttpStatusCode.Unauthorized && Challenges.Read(response) is { } challenges && CouldBeMet(challenges, options);

    // RFC 6750 section 3.1. Many APIs send a bare 401.
    private static bool CouldBeMet(IReadOnlyList<Challenge> challenges, AccessTokenHandlerOptions options) =>
        challenges.Count == 0
            ? !options.RequireInvalidToken
            : challenges.Any(challenge => challenge.Scheme.Equals("Bearer", StringComparison.OrdinalIgnoreCase)
                && (challenge.Error is null ? !options.RequireInvalidToken : challenge.Error == "invalid_token"));
}
