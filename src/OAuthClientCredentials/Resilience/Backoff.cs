namespace OAuthClientCredentials.Resilience;

/// <summary>
/// How long to wait after a failed token request before the next. Jitter only lengthens a wait: each minimum is a promise to the server.
/// </summary>
internal static class Backoff
{
    private static readonly TimeSpan MinBehindToken = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan MaxBehindToken = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ShortLifetime = TimeSpan.FromMinutes(5);

    /// <summary>
    /// While the token is valid: 30 seconds. For a token that lives less than 5 minutes a quarter of what remains of it, so that
    /// several attempts fit in.
    /// </summary>
    public static TimeSpan BehindToken(TimeSpan remaining, TimeSpan lifetime)
    {
        if (lifetime >= ShortLifetime)
        {
            return Spread(MaxBehindToken);
        }

        return Spread(TimeSpan.FromTicks(Math.Clamp(remaining.Ticks / 4, MinBehindToken.Ticks, MaxBehindToken.Ticks)));
    }

    /// <summary>Without a token, after a transient error: 1, 2, 4, then 5 seconds.</summary>
    public static TimeSpan WithoutToken(int failures) => Doubled(TimeSpan.FromSeconds(1), failures, TimeSpan.FromSeconds(5));

    /// <summary>After an error that is not transient: 10, 20, 40, then 60 seconds.</summary>
    public static TimeSpan AfterFatal(int failures) => Doubled(TimeSpan.FromSeconds(10), failures, TimeSpan.FromSeconds(60));

    private static TimeSpan Doubled(TimeSpan first, int failures, TimeSpan max)
    {
        TimeSpan doubled = first * Math.Pow(2, Math.Min(failures - 1, 10));
        return Spread(doubled < max ? doubled : max);
    }

    // The instances of a service fail together and must not come back together.
    private static TimeSpan Spread(TimeSpan wait) => wait * Jitter.Between(1, 1.25);
}
