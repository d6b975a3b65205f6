namespace OAuthClientCredentials.Resilience;

/// <summary>How long a source waits after a failed flight before the next. Jitter only lengthens: each minimum is a promise to the server.</summary>
internal static class Backoff
{
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(250);

    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);

    /// <summary>While the token still lives: half a minute; for one that lives less than five, a quarter of what remains of it, so that several attempts fit in.</summary>
    public static TimeSpan WhileValid(TimeSpan remaining, TimeSpan lifetime) => Spread(lifetime < TimeSpan.FromMinutes(5) ? Max(Shortest, Min(Longest, remaining / 4)) : Longest);

    /// <summary>Without a token, after a passing error: 1, 2, 4 … 30 seconds.</summary>
    public static TimeSpan WithoutToken(int failures) => Spread(Doubled(TimeSpan.FromSeconds(1), failures, Longest));

    /// <summary>After an error that only a change of configuration mends: 30, 60 … 300 seconds.</summary>
    public static TimeSpan AfterFatal(int failures) => Spread(Doubled(Longest, failures, TimeSpan.FromMinutes(4)));

    private static TimeSpan Doubled(TimeSpan first, int failures, TimeSpan most) => Min(most, first * Math.Pow(2, Math.Min(failures - 1, 10)));

    // the pods of a fleet fail together, and must not come back together.
    private static TimeSpan Spread(TimeSpan wait) => wait * Jitter.Between(1, 1.25);

    private static TimeSpan Min(TimeSpan left, TimeSpan right) => left < right ? left : right;

    private static TimeSpan Max(TimeSpan left, TimeSpan right) => left > right ? left : right;
}
