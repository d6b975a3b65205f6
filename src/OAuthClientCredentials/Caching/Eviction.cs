namespace OAuthClientCredentials.Caching;

/// <summary>Which sources are let go when there are too many .</summary>
internal static class Eviction
{
    /// <summary>First those whose token has expired, then the least recently used. A tenth at a time keeps the cost of a new source small.</summary>
    public static void Evict(ClientSources[] clients, int maxSources)
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

        foreach (ClientSources client in clients)
        {
            client.DropRetired();
        }
    }
}
