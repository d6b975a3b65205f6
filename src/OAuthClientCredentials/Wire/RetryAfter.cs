using System.Globalization;
using System.Net;
using System.Net.Http.Headers;

namespace OAuthClientCredentials.Wire;

internal static class RetryAfter
{
    // seconds or a date, on 429 and 503 only. The platform's parser gives up on large numbers, so the digits are read here.
    public static TimeSpan? Read(HttpResponseMessage response, DateTimeOffset now)
    {
        if (response.StatusCode is not (HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable)
            || !response.Headers.NonValidated.TryGetValues("Retry-After", out HeaderStringValues values)
            || values.Count != 1)
        {
            return null;
        }

        string value = values.First().Trim();
        TimeSpan wait = value.Length > 0 && value.All(char.IsAsciiDigit)
            ? TimeSpan.FromSeconds(double.Min(double.Parse(value, CultureInfo.InvariantCulture), TimeSpan.FromDays(1).TotalSeconds))
            : response.Headers.RetryAfter?.Date is { } date ? date - now : TimeSpan.Zero;
        return wait > TimeSpan.Zero ? wait : null;
    }
}
