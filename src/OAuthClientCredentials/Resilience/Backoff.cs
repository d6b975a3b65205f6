using System.Security.Cryptography;

namespace OAuthClientCredentials.Resilience;

/// <summary>
/// How long to wait after a failed request before the next one. Jitter only lengthens a wait, because the server may require the
/// minimum.
/// </summary>
internal static class Backoff
{
    private static readonly TimeSpan MinWithToken = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan MaxWithToken = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ShortLifetime = TimeSpan.FromMinutes(5);

    /// <summary>
    /// The wait while a token is valid: 30 seconds. For a token with a lifetime below 5 minutes it is a quarter of the remaining
    /// lifetime, so that several attempts fit in.
    /// </summary>
    public static TimeSpan WithToken(TimeSpan remaining, TimeSpan lifetime)
    {
        if (lifetime >= ShortLifetime)
        {
            return Spread(MaxWithToken);
        }

        return Spread(TimeSpan.FromTicks(Math.Clamp(remaining.Ticks / 4, MinWithToken.Ticks, MaxWithToken.Ticks)));
    }

    /// <summary>The wait without a token, after a transient error: 1, 2, 4, then 5 seconds.</summary>
    public static TimeSpan WithoutToken(int failures) => Doubled(TimeSpan.FromSeconds(1), failures, TimeSpan.FromSeconds(5));

    /// <summary>The wait after a permanent error: 10, 20, 40, then 60 seconds.</summary>
    public static TimeSpan AfterPermanentError(int failures) => Doubled(TimeSpan.FromSeconds(10), failures, TimeSpan.FromSeconds(60));

    private static TimeSpan Doubled(TimeSpan first, int failures, TimeSpan max)
    {
        TimeSpan doubled = first * Math.Pow(2, Math.Min(failures - 1, 10));
        return Spread(new TimeSpan(Math.Min(doubled.Ticks, max.Ticks)));
    }

    // The instances of a service fail at the same time and must not retry at the same time.
    private static TimeSpan Spread(TimeSpan wait) => wait * Jitter.Between(1, 1.25);
}

/// <summary>Random numbers that keep processes from acting at the same time.</summary>
internal static class Jitter
{
    private const int Steps = 1 << 20;

    /// <summary>A number in [from, to), evenly distributed.</summary>
    public static double Between(double from, double to) => from + ((to - from) * RandomNumberGenerator.GetInt32(Steps) / Steps);
}
