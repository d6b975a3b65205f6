using System.Net;
using OAuthClientCredentials.Diagnostics;

namespace OAuthClientCredentials.Api;

/// <summary>Decides whether an API rejected the token, so that a new token may help .</summary>
internal static class TokenRejection
{
    /// <summary>A first check that does not allocate.</summary>
    public static bool IsPossible(HttpResponseMessage response, AccessTokenHandlerOptions options) =>
        response.StatusCode == HttpStatusCode.Unauthorized || options.ShouldRenew is not null;

    /// <summary>Reads the response only. The caller checks that the request still carried our token.</summary>
    public static bool CallsForRenewal(HttpResponseMessage response, AccessToken token, AccessTokenHandlerOptions options)
    {
        if (options.ShouldRenew is { } shouldRenew)
        {
            return Call(shouldRenew, response);
        }

        return response.StatusCode == HttpStatusCode.Unauthorized
            && NewTokenMayHelp(TokenErrors(response, token.TokenType), options.RenewOnlyOnInvalidToken);
    }

    /// <summary>The error of the challenge, or the status, for a log message.</summary>
    public static string Describe(HttpResponseMessage response)
    {
        string? error = Array.Find(TokenErrors(response, AccessToken.Bearer), error => error is not null);
        return ServerText.Clean(error, []) ?? $"status {(int)response.StatusCode} without an error code";
    }

    /// <summary>Returns why a rejected request is not sent again, or null if it is sent again with the renewed token.</summary>
    public static ReturnedRejection? WhyNotReplayed(RequestCopy copy, AccessToken? renewed, AccessTokenHandlerOptions options)
    {
        if (renewed is null)
        {
            return ReturnedRejection.RenewalFailed;
        }

        if (renewed == copy.Token)
        {
            return ReturnedRejection.Rationed;
        }

        if (renewed.Value == copy.Token!.Value)
        {
            return ReturnedRejection.SameToken;
        }

        if (!ReplayableContent.MayBeReplayed(copy, options))
        {
            return ReturnedRejection.NotReplayable;
        }

        return null;
    }

    // If your delegate throws, no one else can dispose the response.
    private static bool Call(Func<HttpResponseMessage, bool> shouldRenew, HttpResponseMessage response)
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

    // A missing or malformed challenge may mean an expired token too.
    private static bool NewTokenMayHelp(string?[] errors, bool onlyInvalidToken)
    {
        if (onlyInvalidToken)
        {
            return errors.Contains("invalid_token");
        }

        return errors.Length == 0 || !Array.TrueForAll(errors, IsUnrelatedToToken);
    }

    // A new token does not help if the proof or its nonce is the cause.
    private static bool IsUnrelatedToToken(string? error) => error
        is "insufficient_scope" or "invalid_request" or "insufficient_user_authentication" or "use_dpop_nonce" or "invalid_dpop_proof";

    // Challenges of other schemes do not concern the token (RFC 6750 section 3, RFC 9449 section 7.1). An API that accepts Bearer and DPoP
    // sends both challenges, and the one for the scheme of the token has its error.
    private static string?[] TokenErrors(HttpResponseMessage response, string scheme)
    {
        Challenge[] challenges = [.. Challenges.Read(response).Where(IsForToken)];
        Challenge[] own = Array.FindAll(challenges, challenge => challenge.Scheme.Equals(scheme, StringComparison.OrdinalIgnoreCase));
        return [.. (own.Length > 0 ? own : challenges).Select(challenge => challenge.Error)];
    }

    private static bool IsForToken(Challenge challenge) => TokenScheme.Contains(challenge.Scheme);
}
