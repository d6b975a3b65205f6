using System.Globalization;
using System.Net;
using System.Net.Http.Headers;

namespace OAuthClientCredentials.Transport;

internal static class RetryAfter
{
    private static readonly TimeSpan MaxRead = TimeSpan.FromDays(1);

    /// <summary>
    /// Reads the Retry-After header of a 429 or 503: seconds or a date. If a gateway added a second one, the longer wait counts. Returns
    /// null if it is missing, not valid or in the past.
    /// </summary>
    public static TimeSpan? Read(HttpResponseMessage response, DateTimeOffset now)
    {
        if (response.StatusCode is not (HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable)
            || !response.Headers.NonValidated.TryGetValues("Retry-After", out HeaderStringValues values))
        {
            return null;
        }

        return values.Max(value => Read(value.Trim(), now));
    }

    private static TimeSpan? Read(string value, DateTimeOffset now)
    {
        TimeSpan? wait = null;
        if (RetryConditionHeaderValue.TryParse(value, out RetryConditionHeaderValue? parsed))
        {
            wait = parsed.Date - now;
        }

        if (value.Length > 0 && value.All(char.IsAsciiDigit))
        {
            // The platform's parser rejects large numbers, so the digits are read here.
            double seconds = double.Parse(value, CultureInfo.InvariantCulture);
            wait = TimeSpan.FromSeconds(double.Min(seconds, MaxRead.TotalSeconds));
        }

        if (wait <= TimeSpan.Zero)
        {
            return null;
        }

        return wait;
    }
}
