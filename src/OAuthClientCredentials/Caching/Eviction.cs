namespace OAuthClientCredentials.Caching;

/// <summary>
/// Bounds the number of token sources: idle ones are removed after a minute, and above the maximum the least recently used.
/// Thread-safe.
/// </summary>
internal sealed class Eviction(Clock clock, int maxSources)
{
    private static readonly TimeSpan SweepInterval = TimeSpan.FromMinutes(1);

    private readonly object _gate = new();
    private int _sources;
    private long _lastSweep = clock.GetTimestamp();

    public bool IsSweepDue() => clock.GetTimestamp() - Volatile.Read(ref _lastSweep) >= clock.Ticks(SweepInterval);

    /// <summary>Counts a new source.</summary>
    /// <returns>Whether the maximum is exceeded.</returns>
    public bool CountOneMore() => Interlocked.Increment(ref _sources) > maxSources;

    /// <summary>
    /// Evicts down to 90 % of the maximum, so that the next new sources evict nothing: first sources without a valid token, then the least
    /// recently used.
    /// </summary>
    public void Evict(IReadOnlyCollection<ClientTokenCache> caches)
    {
        lock (_gate)
        {
            TokenSource[] candidates = [.. caches.SelectMany(cache => cache.Others).OrderBy(source => source.LastUsed)];
            int excess = candidates.Length - (maxSources * 9 / 10);
            excess -= EvictUpTo(excess, candidates, force: false);
            EvictUpTo(excess, candidates, force: true);

            // If only a few could be evicted, because requests are under way, the next new sources must not each try again.
            Volatile.Write(ref _sources, Math.Min(RemoveRetired(caches), maxSources * 9 / 10));
        }
    }

    /// <summary>Evicts every source without a valid token.</summary>
    public void Sweep(IReadOnlyCollection<ClientTokenCache> caches)
    {
        lock (_gate)
        {
            Volatile.Write(ref _lastSweep, clock.GetTimestamp());
            EvictUpTo(int.MaxValue, caches.SelectMany(cache => cache.Others), force: false);
            Volatile.Write(ref _sources, RemoveRetired(caches));
        }
    }

    private static int EvictUpTo(int count, IEnumerable<TokenSource> candidates, bool force)
    {
        int evicted = 0;
        foreach (TokenSource source in candidates)
        {
            if (evicted >= count)
            {
                break;
            }

            if (source.TryEvict(force))
            {
                evicted++;
            }
        }

        return evicted;
    }

    private static int RemoveRetired(IReadOnlyCollection<ClientTokenCache> caches)
    {
        int remaining = 0;
        foreach (ClientTokenCache cache in caches)
        {
            cache.RemoveRetired();
            remaining += cache.Others.Count;
        }

        return remaining;
    }
}
