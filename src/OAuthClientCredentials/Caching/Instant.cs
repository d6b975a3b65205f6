namespace OAuthClientCredentials.Caching;

/// <summary>Both clocks at one moment. Neither alone is right: the monotonic one stops while the machine sleeps, the wall clock jumps .</summary>
internal readonly struct Instant(TimeProvider timeProvider)
{
    public long Timestamp { get; } = timeProvider.GetTimestamp();

    public DateTimeOffset Utc { get; } = timeProvider.GetUtcNow();
}
