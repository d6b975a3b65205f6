using OAuthClientCredentials.Clients;
using OAuthClientCredentials.Diagnostics;
using OAuthClientCredentials.Resilience;

namespace OAuthClientCredentials.Caching;

/// <summary>
/// A token with the times at which its renewal is due and at which it expires, by both clocks. Guarded by the lock of its source.
/// </summary>
internal sealed class CachedToken
{
    // A token from another provider may expire at DateTimeOffset.MaxValue, which timestamps cannot express.
    private static readonly TimeSpan MaxLifetime = TimeSpan.FromDays(365);

    private readonly Clock _clock;
    private readonly long _requestedAt;
    private readonly long _lifetime;
    private readonly long _requestDuration;
    private string? _fingerprint;
    private long? _dueAt;
    private long _notDueBefore = long.MinValue;

    /// <param name="token">The token.</param>
    /// <param name="settings">The settings that it was requested with.</param>
    /// <param name="now">When it arrived. A token from a shared cache has no timestamp of this process. One is computed from its age by the
    /// wall clock.</param>
    /// <param name="clock">The clocks.</param>
    public CachedToken(AccessToken token, ClientSettings settings, ClockReading now, Clock clock)
    {
        DateTimeOffset requestedAt = token.RequestedAt ?? now.Utc;
        Token = token;
        Settings = settings;
        _clock = clock;
        _requestedAt = token.RequestedTimestamp ?? now.Timestamp - clock.Ticks(now.Utc - requestedAt);
        TimeSpan lifetime = token.ExpiresAt - requestedAt;
        _lifetime = clock.Ticks(new TimeSpan(Math.Min(lifetime.Ticks, MaxLifetime.Ticks)));
        if (token.RequestedTimestamp is not null)
        {
            _requestDuration = now.Timestamp - _requestedAt;
        }
    }

    public AccessToken Token { get; }

    public ClientSettings Settings { get; private set; }

    public string TokenFingerprint => _fingerprint ??= Fingerprint.Of(Token.Value);

    public TimeSpan Lifetime => _clock.Span(_lifetime);

    public long ExpiresAt => _requestedAt + _lifetime;

    /// <summary>The earliest timestamp at which a renewal can be due.</summary>
    public long DueAt => Math.Max(_notDueBefore, _dueAt ?? EarliestDueAt);

    // Never before half of the lifetime.
    private long EarliestDueAt => _requestedAt + (_lifetime / 2);

    public bool IsExpired(ClockReading now) => now.Timestamp >= ExpiresAt || now.Utc >= Token.ExpiresAt;

    /// <summary>
    /// Whether a renewal is due. The random due time is drawn when half of the lifetime has passed, because the first random number loads
    /// the platform's cryptography, which would slow down the start of a native application.
    /// </summary>
    public bool IsDue(ClockReading now)
    {
        if (now.Timestamp < _notDueBefore)
        {
            return false;
        }

        if (_dueAt is null && !IsPast(EarliestDueAt, now))
        {
            return false;
        }

        return IsPast(_dueAt ??= DrawDueTime(), now);
    }

    public void MakeDue()
    {
        _dueAt = long.MinValue / 2;
        _notDueBefore = long.MinValue;
    }

    /// <summary>
    /// Delays the renewal, by the monotonic clock alone. After a jump of the wall clock it would be due again immediately.
    /// </summary>
    /// <param name="now">The current time.</param>
    /// <param name="settings">The settings under which the server returned the same token again.</param>
    public void Postpone(ClockReading now, ClientSettings settings)
    {
        _notDueBefore = now.Timestamp + _clock.Ticks(Backoff.WithToken(RemainingLife(now), Lifetime));
        Settings = settings;
    }

    /// <summary>The time since the token was requested, by the monotonic clock.</summary>
    public TimeSpan Age(ClockReading now) => _clock.Span(now.Timestamp - _requestedAt);

    /// <summary>The remaining lifetime, by the clock that shows less.</summary>
    public TimeSpan RemainingLife(ClockReading now)
    {
        TimeSpan byTimestamp = _clock.Span(ExpiresAt - now.Timestamp);
        TimeSpan byWallClock = Token.ExpiresAt - now.Utc;
        return new TimeSpan(Math.Min(byTimestamp.Ticks, byWallClock.Ticks));
    }

    private bool IsPast(long due, ClockReading now) =>
        now.Timestamp >= due || now.Utc >= Token.ExpiresAt - _clock.Span(ExpiresAt - due);

    // At 75 to 90 % of the lifetime. Earlier, down to 50 %, if the server is so slow that the renewal would be late.
    private long DrawDueTime()
    {
        long drawn = Math.Min((long)(_lifetime * Jitter.Between(0.75, 0.9)), _lifetime - (2 * _requestDuration));
        return Math.Max(EarliestDueAt, _requestedAt + drawn);
    }
}
