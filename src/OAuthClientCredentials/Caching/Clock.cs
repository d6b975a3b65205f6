namespace OAuthClientCredentials.Caching;

/// <summary>
/// Both clocks at one moment. Neither is right alone: the monotonic clock stops while the machine sleeps, and the wall clock jumps.
/// </summary>
internal readonly record struct ClockReading(long Timestamp, DateTimeOffset Utc);

/// <summary>The two clocks of a <see cref="TimeProvider"/>, and time spans in ticks of its timestamps.</summary>
internal sealed class Clock(TimeProvider timeProvider)
{
    public TimeProvider TimeProvider => timeProvider;

    public long TicksPerSecond => timeProvider.TimestampFrequency;

    public long GetTimestamp() => timeProvider.GetTimestamp();

    public ClockReading Read() => new(timeProvider.GetTimestamp(), timeProvider.GetUtcNow());

    public long Ticks(TimeSpan span) => (long)(span.TotalSeconds * timeProvider.TimestampFrequency);

    public TimeSpan Span(long ticks) => TimeSpan.FromSeconds((double)ticks / timeProvider.TimestampFrequency);
}
