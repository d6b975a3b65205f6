using OAuthClientCredentials.Configuration;
using OAuthClientCredentials.Resilience;

namespace OAuthClientCredentials.Caching;

/// <summary>The token that a source has: when it is due for renewal and when it ends, by both clocks. Its source's lock guards it.</summary>
internal sealed class HeldToken(AccessToken token, ClientSettings settings, long landedAt, ClientSources client)
{
    private long? _dueAt;

    public AccessToken Token => token;

    /// <summary>The settings that it was got with.</summary>
    public ClientSettings Settings => settings;

    public long EndsAt => token.RequestedTimestamp + client.Ticks(token.Lifetime);

    public long DueAt => _dueAt ?? EarliestDue;

    // Never before half the life.
    private long EarliestDue => token.RequestedTimestamp + (client.Ticks(token.Lifetime) / 2);

    public bool IsExpired(Instant now) => now.Timestamp >= EndsAt || now.Utc >= token.ExpiresAt;

    /// <summary>Whether a renewal is due. Only when that may be so is the time drawn: the first random number loads the platform's whole cryptography .</summary>
    public bool IsDue(Instant now)
    {
        if (_dueAt is null && HasCome(EarliestDue, now))
        {
            _dueAt = DrawDueTime();
        }

        return HasCome(DueAt, now);
    }

    public void MakeDue() => _dueAt = long.MinValue;

    public TimeSpan RemainingLife(Instant now)
    {
        TimeSpan byTimestamp = client.Span(EndsAt - now.Timestamp);
        TimeSpan byWallClock = token.ExpiresAt - now.Utc;
        return byTimestamp < byWallClock ? byTimestamp : byWallClock;
    }

    private bool HasCome(long due, Instant now) => now.Timestamp >= due || now.Utc >= token.ExpiresAt - client.Span(EndsAt - due);

    // at 75 to 90 % of the life, drawn once; earlier, down to half, where the server is so slow that the renewal would come too late.
    private long DrawDueTime()
    {
        long life = client.Ticks(token.Lifetime);
        long requestTook = landedAt - token.RequestedTimestamp;
        return Math.Max(EarliestDue, token.RequestedTimestamp + Math.Min((long)(life * Jitter.Between(0.75, 0.9)), life - (2 * requestTook)));
    }
}
