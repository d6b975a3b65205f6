namespace OAuthClientCredentials.Caching;

/// <summary>Which sources are let go: those that nobody uses, and the least recently used of too many. Thread-safe.</summary>
internal sealed class Eviction(TimeProvider timeProvider, int maxSources)
{
    private static readonly TimeSpan SweepInterval = TimeSpan.FromMinutes(1);

    private readonly object _gate = new();
    private int _sources;
    private long _lastSweep = timeProvider.GetTimestamp();

    /// <summary>Whether one more is too many.</summary>
    public bool CountOneMore() => Interlocked.Increment(ref _sources) > maxSources;

    public bool IsSweepDue() => timeProvider.GetElapsedTime(Volatile.Read(ref _lastSweep)) >= SweepInterval;

    /// <summary>First those whose token has expired, then the least recently used. A tenth at a time keeps the cost of a new source small.</summary>
    public void Evict(ClientSources[] clients)
    {
        lock (_gate)
        {
            TokenSource[] candidates = [.. clients.SelectMany(client => client.Extras).OrderBy(source => source.LastUsed)];
            int wanted = candidates.Length - (maxSources * 9 / 10);
            foreach (bool force in new[] { false, true })
            {
                foreach (TokenSource source in candidates)
                {
                    wanted -= wanted > 0 && source.TryEvict(force) ? 1 : 0;
                }
            }

            // Where few could go, because the others are in flight, the next ones do not each try it again.
            Volatile.Write(ref _sources, Math.Min(Remaining(clients), maxSources * 9 / 10));
        }
    }

    /// <summary>All whose token has expired.</summary>
    public void Sweep(ClientSources[] clients)
    {
        lock (_gate)
        {
            Volatile.Write(ref _lastSweep, timeProvider.GetTimestamp());
            foreach (TokenSource source in clients.SelectMany(client => client.Extras))
            {
                source.TryEvict(force: false);
            }

            Volatile.Write(ref _sources, Remaining(clients));
        }
    }

    private static int Remaining(ClientSources[] clients)
    {
        foreach (ClientSources client in clients)
        {
            client.DropRetired();
        }

        return clients.Sum(client => client.Extras.Count());
    }
}
