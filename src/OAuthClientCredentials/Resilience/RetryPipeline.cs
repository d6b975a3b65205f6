using System.Net;
using Polly;
using Polly.Retry;

namespace OAuthClientCredentials.Resilience;

/// <summary>
/// The retries of one token request: exponential back-off with full jitter, or the server's Retry-After. Only transient errors are
/// retried.
/// </summary>
internal static class RetryPipeline
{
    /// <summary>Whether failed attempts are retried.</summary>
    public static readonly ResiliencePropertyKey<RetryAllowance> Allowance = new("oauth.client.retries");

    /// <summary>The timestamp at which the whole request times out.</summary>
    public static readonly ResiliencePropertyKey<long> Deadline = new("oauth.client.deadline");

    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(500);

    public static ResiliencePipeline Create(ClientCredentialsOptions options, TimeProvider timeProvider)
    {
        if (options.MaxRetries == 0)
        {
            return ResiliencePipeline.Empty;
        }

        RetryStrategyOptions retry = new()
        {
            MaxRetryAttempts = options.MaxRetries,
            ShouldHandle = arguments => new(IsWorthRetrying(arguments, timeProvider)),
            DelayGenerator = arguments => new(Delay(arguments)),
        };
        return new ResiliencePipelineBuilder { Name = "OAuthClientCredentials", TimeProvider = timeProvider }.AddRetry(retry).Build();
    }

    private static bool IsWorthRetrying(RetryPredicateArguments<object> arguments, TimeProvider timeProvider)
    {
        if (arguments.Outcome.Exception is not TokenRequestException { IsTransient: true } failure)
        {
            return false;
        }

        // A server that returns 429 without Retry-After gets no retry within the same token request.
        bool isTooManyRequests = failure is { StatusCode: HttpStatusCode.TooManyRequests, RetryAfter: null };
        return !isTooManyRequests
            && FitsIn(failure.RetryAfter, arguments.Context, timeProvider)
            && arguments.Context.Properties.GetValue(Allowance, null!).TryRetry();
    }

    // If the wait would end after the deadline, the request fails immediately.
    private static bool FitsIn(TimeSpan? wait, ResilienceContext context, TimeProvider timeProvider)
    {
        long deadline = context.Properties.GetValue(Deadline, long.MaxValue);
        return wait is null || timeProvider.GetElapsedTime(timeProvider.GetTimestamp(), deadline) > wait;
    }

    private static TimeSpan? Delay(RetryDelayGeneratorArguments<object> arguments)
    {
        if (arguments.Outcome.Exception is TokenRequestException { RetryAfter: { } wait } && wait > TimeSpan.Zero)
        {
            return wait;
        }

        return FirstDelay * Math.Pow(2, arguments.AttemptNumber) * Jitter.Between(0, 1);
    }
}
