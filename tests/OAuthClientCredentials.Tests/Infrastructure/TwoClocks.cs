using Microsoft.Extensions.Time.Testing;

namespace OAuthClientCredentials.Tests.Infrastructure;

/// <summary>A fake time whose wall clock can jump without the monotonic clock: the machine slept, or somebody set the clock.</summary>
internal sealed class TwoClocks : FakeTimeProvider
{
    private TimeSpan _offset;

    public TwoClocks()
        : base(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero))
    {
    }

    public void JumpWallClock(TimeSpan by) => _offset += by;

    public override long GetTimestamp() => base.GetUtcNow().Ticks;

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + _offset;
}
