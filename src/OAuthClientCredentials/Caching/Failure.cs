using OAuthClientCredentials.Resilience;

namespace OAuthClientCredentials.Caching;

/// <summary>The failure of the last flight and when to try again. Immutable.</summary>
/// <param name="Error">The error that callers without a token get until <paramref name="RetryAt"/>.</param>
/// <param name="Count">How many flights have failed since the last success.</param>
/// <param name="RetryAt">The timestamp of the next attempt without a token.</param>
/// <param name="NextRenewalAt">The timestamp of the next renewal of a valid token.</param>
internal sealed record Failure(TokenRequestException Error, int Count, long RetryAt, long NextRenewalAt)
{
    // All requests of a client share the cool-down of a rejected credential. Checking it again sends no token request.
    private static readonly TimeSpan CheckCooldownAgain = TimeSpan.FromSeconds(0.5);

    // User code may throw a TokenRequestException with any value.
    private static readonly TimeSpan MaxRetryAfter = TimeSpan.FromHours(1);

    /// <param name="error">Why the flight failed.</param>
    /// <param name="previous">The failure before it, if there was no success since.</param>
    /// <param name="isBackground">Whether it was a background renewal. Its transient error fails and delays no caller.</param>
    /// <param name="token">The valid token, if there is one.</param>
    /// <param name="now">When it failed.</param>
    /// <param name="clock">The clocks.</param>
    public static Failure Of(
        TokenRequestException error,
        Failure? previous,
        bool isBackground,
        CachedToken? token,
        ClockReading now,
        Clock clock)
    {
        int count = previous?.Count ?? 0;
        if (!error.IsFromCooldown)
        {
            count++;
        }

        TimeSpan minWait = Min(error.RetryAfter ?? TimeSpan.Zero, MaxRetryAfter);
        TimeSpan wait = Max(minWait, WaitWithoutToken(error, count, isBackground));
        TimeSpan renewalWait = wait;
        if (token is not null)
        {
            renewalWait = Max(Backoff.WithToken(token.RemainingLife(now), token.Lifetime), error.IsTransient ? minWait : wait);
        }

        if (wait > TimeSpan.Zero)
        {
            error.RememberUntil(now.Utc + wait);
        }

        return new(error, count, now.Timestamp + clock.Ticks(wait), now.Timestamp + clock.Ticks(renewalWait));
    }

    /// <summary>
    /// Whether the next attempt without a token is due, by either clock. The monotonic clock stops while the machine sleeps.
    /// </summary>
    public bool IsOver(ClockReading now) => now.Timestamp >= RetryAt || now.Utc >= Error.NextAttemptAt;

    /// <summary>When the next attempt may be made (UTC).</summary>
    public DateTimeOffset NextAttemptAt(bool hasToken, ClockReading now, Clock clock)
    {
        if (!hasToken && Error.NextAttemptAt is { } announced)
        {
            return announced;
        }

        long nextAttempt = hasToken ? NextRenewalAt : RetryAt;
        return now.Utc + clock.Span(Math.Max(0, nextAttempt - now.Timestamp));
    }

    private static TimeSpan WaitWithoutToken(TokenRequestException error, int count, bool isBackground)
    {
        if (error.IsInvalidClient)
        {
            return CheckCooldownAgain;
        }

        if (!error.IsTransient)
        {
            return Backoff.AfterPermanentError(count);
        }

        if (isBackground)
        {
            return TimeSpan.Zero;
        }

        return Backoff.WithoutToken(count);
    }

    private static TimeSpan Min(TimeSpan left, TimeSpan right) => new(Math.Min(left.Ticks, right.Ticks));

    private static TimeSpan Max(TimeSpan left, TimeSpan right) => new(Math.Max(left.Ticks, right.Ticks));
}
