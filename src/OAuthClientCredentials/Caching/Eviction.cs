namespace OAuthClientCredentials.Caching;

/// <summary>
/// Which sources are let go: those that nobody uses, and the least recently used of too many. Thread-safe.
/// </summary>
internal sealed class Eviction(Clock clock, int maxSources)
{
    private static readonly TimeSpan SweepInterval = TimeSpan.FromMinutes(1);

    private readonly object _gate = new();
    private int _sources;
    private long _lastSweep = clock.GetTimestamp();

    public bool IsSweepDue() => clock.GetTimestamp() - Volatile.Read(ref _lastSweep) >= clock.Ticks(SweepInterval);

    /// <summary>Counts one more source.</summary>
    /// <returns>Whether it is one too many.</returns>
    public bool CountOneMore() => Interlocked.Increment(ref _sources) > maxSources;

    /// <summary>
    /// Evicts down to nine tenths, so that the next sources cost nothing: first those without a valid token, then the least recently used.
    /// </summary>
    public void Evict(IReadOnlyCollection<ClientTokenCache> clients)
    {
        lock (_gate)
        {
            TokenSource[] candidates = [.. clients.SelectMany(client => client.Others).OrderBy(source => source.LastUsed)];
            int excess = candidates.Length - (maxSources * 9 / 10);
            excess -= EvictUpTo(excess, candidates, force: false);
            EvictUpTo(excess, candidates, force: true);

            // If few could go, because the others have requests under way, the next sources do not each try it again.
            Volatile.Write(ref _sources, Math.Min(RemoveRetired(clients), maxSources * 9 / 10));
        }
    }

    /// <summary>Evicts every source without a valid token.</summary>
    public void Sweep(IReadOnlyCollection<ClientTokenCache> clients)
    {
        lock (_gate)
        {
            Volatile.Write(ref _lastSweep, clock.GetTimestamp());
            EvictUpTo(int.MaxValue, clients.SelectMany(client => client.Others), force: false);
            Volatile.Write(ref _sources, RemoveRetired(clients));
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

    private static int RemoveRetired(IReadOnlyCollection<ClientTokenCache> clients)
    {
        int remaining = 0;
        foreach (ClientTokenCache client in clients)
        {
            client.RemoveRetired();
            remaining += client.Others.Count;
        }

        return remaining;
    }
}
