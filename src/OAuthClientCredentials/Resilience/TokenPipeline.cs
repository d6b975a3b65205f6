using Polly;
using Polly.Retry;

namespace OAuthClientCredentials.Resilience;

/// <summary>The one resilience layer at the token endpoint: what follows a first attempt that failed for a passing reason. The timeouts are the TokenClient's own.</summary>
internal static class TokenPipeline
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(500);

    /// <summary>The instant (a timestamp of the time provider) at which the flight ends.</summary>
    public static readonly ResiliencePropertyKey<long> Deadline = new("oauth.client_credentials.deadline");

    /// <summary>The timestamp until which a valid token stays in use: so long the source's own back-off is patient enough .</summary>
    public static readonly ResiliencePropertyKey<long> BehindUntil = new("oauth.client_credentials.behind_until");

    public static ResiliencePipeline Create(ClientCredentialsOptions options, TimeProvider timeProvider) =>
        options.MaxRetries == 0 ? ResiliencePipeline.Empty
        : new ResiliencePipelineBuilder { Name = "OAuthClientCredentials", TimeProvider = timeProvider }
            .AddRetry(new RetryStrategyOptions
            {
                MaxRetryAttempts = options.MaxRetries,
                ShouldHandle = arguments => new(IsWorthRetrying(arguments, timeProvider)),
                DelayGenerator = arguments => new(Delay(arguments)),
            })
            .Build();

    private static bool IsWorthRetrying(RetryPredicateArguments<object> arguments, TimeProvider timeProvider) =>
        arguments.Outcome.Exception switch
        {
            _ when timeProvider.GetTimestamp() < arguments.Context.Properties.GetValue(BehindUntil, long.MinValue) => false,
            TokenRequestException { IsTransient: true } failure => FitsIn(failure.RetryAfter, arguments.Context, timeProvider),
            _ => false,
        };

    // to wait for an attempt that cannot happen only keeps the callers waiting in vain.
    private static bool FitsIn(TimeSpan? wait, ResilienceContext context, TimeProvider timeProvider) =>
        wait is null || timeProvider.GetElapsedTime(timeProvider.GetTimestamp(), context.Properties.GetValue(Deadline, long.MaxValue)) > wait;

    // exponential with full jitter, unless the server said when.
    private static TimeSpan? Delay(RetryDelayGeneratorArguments<object> arguments) =>
        arguments.Outcome.Exception is TokenRequestException { RetryAfter: { } wait } && wait > TimeSpan.Zero ? wait
        : FirstDelay * Math.Pow(2, arguments.AttemptNumber) * Jitter.Between(0, 1);
}
