using System.Net;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using OAuthClientCredentials.Diagnostics;

namespace OAuthClientCredentials.Api;

/// <summary>
/// Counts each 401 with its outcome, logs why one is returned to the caller, warns of an API that rejects new tokens, and of
/// requests that are sent without a credential. A request with the token of another client counts under the client of the handler, so that
/// the number of time series is limited. Thread-safe.
/// </summary>
internal sealed class HandlerEvents(
    string httpClientName,
    string clientName,
    Action<string> count,
    ILogger logger,
    TimeProvider time)
{
    private const string Renewed = "renewed";
    private const string StillUnauthorized = "still_unauthorized";

    private static readonly TimeSpan MinWarningInterval = TimeSpan.FromSeconds(30);

    private long _nextWarningAt = long.MinValue;
    private int _hasWarnedOfMissingCredential;

    /// <summary>The events of a handler without dependency injection. They go where those of its provider go.</summary>
    public static HandlerEvents Of(string clientName, TokenEvents? provider) =>
        new(
            "",
            clientName,
            outcome => provider?.Telemetry.UnauthorizedResponse(clientName, "", outcome),
            provider?.Logger ?? NullLogger.Instance,
            TimeProvider.System);

    /// <summary>A request that is sent as it is. Warns once if the caller's <c>Authorization</c> header has no credential.</summary>
    public void SentWithoutToken(HttpRequestMessage request)
    {
        if (CallerAuthorization.SchemeWithoutCredential(request) is { } scheme
            && Interlocked.Exchange(ref _hasWarnedOfMissingCredential, 1) == 0)
        {
            logger.AuthorizationWithoutCredential(httpClientName, scheme);
        }
    }

    public void Returned(RequestCopy copy, HttpResponseMessage response, ReturnedRejection rejection)
    {
        count(rejection.Outcome);
        logger.RejectionReturned(httpClientName, copy.ClientNameOr(clientName), (int)response.StatusCode, rejection.Reason);
    }

    /// <summary>A response after which the token is not renewed. It is reported only if it is a 401.</summary>
    public void ReturnedIfUnauthorized(RequestCopy copy, HttpResponseMessage response)
    {
        if (response.StatusCode != HttpStatusCode.Unauthorized)
        {
            return;
        }

        string reason = "the request was redirected";
        if (copy.IsAsSent)
        {
            reason = $"the response does not call for a renewal: {TokenRejection.Describe(response)}";
        }

        Returned(copy, response, ReturnedRejection.NotRenewable(reason));
    }

    /// <summary>The response to a request that was sent again with a new token.</summary>
    public void Replayed(RequestCopy copy, HttpResponseMessage response, bool isRejection)
    {
        if (isRejection)
        {
            count(StillUnauthorized);
            WarnOfRejectedNewToken(copy, response);
        }
        else if (response.StatusCode == HttpStatusCode.Unauthorized)
        {
            ReturnedIfUnauthorized(copy, response);
        }
        else
        {
            count(Renewed);
        }
    }

    /// <summary>After a 401 the call was cancelled, or the request was sent again without a response.</summary>
    public void ReplayThrew() => count(ReturnedRejection.ReplayFailed.Outcome);

    private void WarnOfRejectedNewToken(RequestCopy copy, HttpResponseMessage response)
    {
        long now = time.GetTimestamp();
        long due = Volatile.Read(ref _nextWarningAt);
        long next = now + (long)(MinWarningInterval.TotalSeconds * time.TimestampFrequency);
        if (now >= due && Interlocked.CompareExchange(ref _nextWarningAt, next, due) == due)
        {
            string origin = new Origin(copy.RequestUri!).ToString();
            logger.NewTokenRejected(httpClientName, origin, copy.ClientNameOr(clientName), TokenRejection.Describe(response));
        }
    }
}
