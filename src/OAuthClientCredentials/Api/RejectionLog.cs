using System.Net;
using Microsoft.Extensions.Logging;
using OAuthClientCredentials.Diagnostics;

namespace OAuthClientCredentials.Api;

/// <summary>Says why a 401 is handed to the caller, and warns of an API that refuses fresh tokens. Thread-safe.</summary>
internal sealed class RejectionLog(string httpClientName, string clientName, ILogger logger, TimeProvider time)
{
    private static readonly TimeSpan Ration = TimeSpan.FromSeconds(30);

    private long _nextWarningAt = long.MinValue;

    public HttpResponseMessage HandOn(RequestCopy request, HttpResponseMessage response, string reason)
    {
        logger.RejectionHandedOn(httpClientName, ClientOf(request), (int)response.StatusCode, reason);
        return response;
    }

    public void NotAboutToken(RequestCopy request, HttpResponseMessage response)
    {
        if (response.StatusCode == HttpStatusCode.Unauthorized)
        {
            string reason = request.IsAsSent ? $"it calls for no renewal: {TokenRejection.Describe(response)}" : "the request was redirected";
            HandOn(request, response, reason);
        }
    }

    public HttpResponseMessage AfterReplay(RequestCopy request, HttpResponseMessage response, bool isRejection)
    {
        if (isRejection)
        {
            FreshTokenRefused(request, response);
        }
        else
        {
            NotAboutToken(request, response);
        }

        return response;
    }

    private void FreshTokenRefused(RequestCopy request, HttpResponseMessage response)
    {
        long now = time.GetTimestamp();
        long due = Volatile.Read(ref _nextWarningAt);
        long next = now + (long)(Ration.TotalSeconds * time.TimestampFrequency);
        if (now >= due && Interlocked.CompareExchange(ref _nextWarningAt, next, due) == due)
        {
            logger.FreshTokenRefused(httpClientName, $"{new Origin(request.RequestUri!)}", ClientOf(request), TokenRejection.Describe(response));
        }
    }

    private string ClientOf(RequestCopy request) => request.Choice?.ClientName ?? clientName;
}
