using System.Globalization;
using Microsoft.AspNetCore.Diagnostics;
using OAuthClientCredentials;

namespace Observability;

/// <summary>
/// Responds with 503 when a request failed because there is no access token for another API. The client of this application can only
/// wait, so <c>Retry-After</c> says how long. The message of the exception is for operators and is not part of the response.
/// </summary>
internal sealed class TokenRequestExceptionHandler(IProblemDetailsService problems, TimeProvider timeProvider) : IExceptionHandler
{
    public ValueTask<bool> TryHandleAsync(HttpContext context, Exception exception, CancellationToken cancellationToken)
    {
        if (exception is not TokenRequestException error)
        {
            return ValueTask.FromResult(false);
        }

        context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        if (error.NextAttemptAt is { } nextAttemptAt)
        {
            double seconds = Math.Ceiling((nextAttemptAt - timeProvider.GetUtcNow()).TotalSeconds);
            context.Response.Headers.RetryAfter = Math.Max(1, seconds).ToString(CultureInfo.InvariantCulture);
        }

        return problems.TryWriteAsync(new() { HttpContext = context });
    }
}
