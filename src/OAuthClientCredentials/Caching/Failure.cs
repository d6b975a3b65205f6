using OAuthClientCredentials.Resilience;

namespace OAuthClientCredentials.Caching;

/// <summary>What is remembered of a failed flight. Immutable.</summary>
/// <param name="Error">The error that callers without a token get until <paramref name="RetryAt"/>.</param>
/// <param name="Count">How many flights have failed since something succeeded.</param>
/// <param name="RetryAt">The timestamp of the next attempt while there is no token.</param>
/// <param name="RetryBehindAt">The timestamp of the next attempt while there is a valid token.</param>
internal sealed record Failure(TokenRequestException Error, int Count, long RetryAt, long RetryBehindAt)
{
    // A rejected credential has a cool-down of its own, which all requests of the client share. Asking it costs no token request.
    private static readonly TimeSpan AskCooldownAgain = TimeSpan.FromSeconds(0.5);

    // Your code may throw a TokenRequestException with any value.
    private static readonly TimeSpan MaxRetryAfter = TimeSpan.FromHours(1);

    /// <param name="error">Why the flight failed.</param>
    /// <param name="previous">The failure before it, if nothing has succeeded since.</param>
    /// <param name="isBehind">Whether it was a renewal that no caller without a token waited for. A transient error of it fails nobody, and
    /// delays nobody.</param>
    /// <param name="token">The token that is valid meanwhile.</param>
    /// <param name="now">When it failed.</param>
    /// <param name="clock">The clocks.</param>
    public static Failure Of(
        TokenRequestException error,
        Failure? previous,
        bool isBehind,
        CachedToken? token,
        ClockReading now,
        Clock clock)
    {
        int count = (previous?.Count ?? 0) + (error.IsHeldBack ? 0 : 1);
        TimeSpan wait = WaitWithoutToken(error, count, isBehind);
        TimeSpan waitBehind = token is null ? wait : Backoff.BehindToken(token.RemainingLife(now), token.Lifetime);
        TimeSpan least = Min(error.RetryAfter ?? TimeSpan.Zero, MaxRetryAfter);
        wait = Max(wait, least);
        waitBehind = Max(waitBehind, error.IsTransient ? least : wait);
        if (wait > TimeSpan.Zero)
        {
            error.RememberUntil(now.Utc + wait);
        }

        return new(error, count, now.Timestamp + clock.Ticks(wait), now.Timestamp + clock.Ticks(waitBehind));
    }

    /// <summary>
    /// Whether the next attempt is due without a token, by either clock: the monotonic one stops while the machine sleeps.
    /// </summary>
    public bool IsOver(ClockReading now) => now.Timestamp >= RetryAt || now.Utc >= Error.NextAttemptAt;

    /// <summary>When the next attempt may be made, by the wall clock.</summary>
    public DateTimeOffset NextAttemptAt(bool hasToken, ClockReading now, Clock clock)
    {
        if (!hasToken && Error.NextAttemptAt is { } told)
        {
            return told;
        }

        long at = hasToken ? RetryBehindAt : RetryAt;
        return now.Utc + clock.Span(Math.Max(0, at - now.Timestamp));
    }

    private static TimeSpan WaitWithoutToken(TokenRequestException error, int count, bool isBehind)
    {
        if (error.IsInvalidClient)
        {
            return AskCooldownAgain;
        }

        if (!error.IsTransient)
        {
            return Backoff.AfterFatal(count);
        }

        return isBehind ? TimeSpan.Zero : Backoff.WithoutToken(count);
    }

    private static TimeSpan Min(TimeSpan left, TimeSpan right) => left < right ? left : right;

    private static TimeSpan Max(TimeSpan left, TimeSpan right) => left > right ? left : right;
}
