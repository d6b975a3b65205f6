using System.Net;
using OAuthClientCredentials.Diagnostics;

namespace OAuthClientCredentials.Api;

/// <summary>Whether an API's response says that the token is at fault, so that a new one may help .</summary>
internal static class TokenRejection
{
    /// <summary>A first look that costs nothing.</summary>
    public static bool IsPossible(HttpResponseMessage response, AccessTokenHandlerOptions options) =>
        response.StatusCode == HttpStatusCode.Unauthorized || options.ShouldRenew is not null;

    /// <summary>Looks at the response alone; whether it answers a request with our token is another question.</summary>
    public static bool CallsForRenewal(HttpResponseMessage response, AccessTokenHandlerOptions options)
    {
        if (options.ShouldRenew is { } shouldRenew)
        {
            return Ask(shouldRenew, response);
        }

        return response.StatusCode == HttpStatusCode.Unauthorized && CouldBeMet(TokenErrors(response), options.RenewOnlyOnInvalidToken);
    }

    // If your predicate throws, nobody else can dispose the response.
    private static bool Ask(Func<HttpResponseMessage, bool> shouldRenew, HttpResponseMessage response)
    {
        try
        {
            return shouldRenew(response);
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }

    /// <summary>The error of the response's challenge, for a log line.</summary>
    public static string Describe(HttpResponseMessage response)
    {
        string? error = Array.Find(TokenErrors(response), error => error is not null);
        return ServerText.Clean(error, []) ?? $"status {(int)response.StatusCode} without an error code";
    }

    /// <summary>Why a rejected request is not sent again with what the renewal brought, or null if it is.</summary>
    public static string? WhyNotReplayed(RequestCopy request, AccessToken? renewed, AccessTokenHandlerOptions options)
    {
        if (renewed is null)
        {
            return "the renewal failed";
        }

        if (renewed == request.Token)
        {
            return "the token stays in use, because renewals are rationed or the authorization server gave no other one";
        }

        if (renewed.Value == request.Token!.Value)
        {
            return "the authorization server returned the same token again";
        }

        return ReplayableContent.MayBeReplayed(request, options) ? null : "the request cannot be sent again";
    }

    // A new token does not help against the three errors. Everything else may mean an expired token, also no challenge or a malformed one.
    private static bool CouldBeMet(string?[] errors, bool onlyInvalidToken)
    {
        if (onlyInvalidToken)
        {
            return errors.Contains("invalid_token");
        }

        return errors.Length == 0 || !Array.TrueForAll(errors, IsFinal);
    }

    private static bool IsFinal(string? error) => error is "insufficient_scope" or "invalid_request" or "insufficient_user_authentication";

    // RFC 6750 section 3, RFC 9449 section 7.1. Challenges of other schemes say nothing about the token.
    private static string?[] TokenErrors(HttpResponseMessage response) =>
        [.. Challenges.Read(response).Where(IsForToken).Select(challenge => challenge.Error)];

    private static bool IsForToken(Challenge challenge) =>
        challenge.Scheme.Equals("Bearer", StringComparison.OrdinalIgnoreCase)
        || challenge.Scheme.Equals("DPoP", StringComparison.OrdinalIgnoreCase);
}
