using System.Net;
using Microsoft.Extensions.Logging;
using OAuthClientCredentials.Diagnostics;

namespace OAuthClientCredentials.Api;

/// <summary>Logs why a 401 is returned to the caller, and warns of an API that rejects new tokens. Thread-safe.</summary>
internal sealed class TokenRejectionLog(string httpClientName, string clientName, ILogger logger, TimeProvider time)
{
    private static readonly TimeSpan MinWarningInterval = TimeSpan.FromSeconds(30);

    private long _nextWarningAt = long.MinValue;

    public void LogReturned(RequestCopy copy, HttpResponseMessage response, string reason) =>
        logger.RejectionReturned(httpClientName, copy.ClientNameOr(clientName), (int)response.StatusCode, reason);

    /// <summary>Logs why the token was not renewed after a 401. Logs nothing for any other status.</summary>
    public void LogIfUnauthorized(RequestCopy copy, HttpResponseMessage response)
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

        LogReturned(copy, response, reason);
    }

    /// <summary>Logs the response to a request that was sent again with a new token.</summary>
    public void LogReplayed(RequestCopy copy, HttpResponseMessage response, bool isRejection)
    {
        if (isRejection)
        {
            WarnOfRejectedNewToken(copy, response);
        }
        else
        {
            LogIfUnauthorized(copy, response);
        }
    }

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
