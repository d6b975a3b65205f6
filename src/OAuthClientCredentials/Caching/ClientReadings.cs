using OAuthClientCredentials.Diagnostics;

namespace OAuthClientCredentials.Caching;

/// <summary>Reads what the gauges show. Nothing is requested.</summary>
internal static class ClientReadings
{
    /// <summary>One reading for each client that was used. Clients with the same name show the worst values.</summary>
    public static IEnumerable<ClientReading> Of(IEnumerable<ClientTokenCache> caches, Clock clock)
    {
        DateTimeOffset now = clock.Read().Utc;
        return
            from cache in caches
            let status = cache.GetStatus()
            where status.IsUsed
            let reading = Read(cache, status, now)
            group reading by reading.Name into clients
            select Worst(clients.Key, [.. clients]);
    }

    // An idle client among them, without a token and without a failure, hides nothing.
    private static ClientReading Worst(string name, ClientReading[] clients)
    {
        IEnumerable<double> lifetimes = clients
            .Where(client => client.TokenLifetime > 0 || client.Failures > 0)
            .Select(client => client.TokenLifetime);
        return new(
            name,
            lifetimes.DefaultIfEmpty().Min(),
            clients.Max(client => client.Failures),
            clients.Min(client => client.CredentialLifetime));
    }

    private static ClientReading Read(ClientTokenCache cache, ClientStatus status, DateTimeOffset now)
    {
        TimeSpan lifetime = status.RemainingLifetime ?? TimeSpan.Zero;
        double? credential = null;
        if (cache.Settings.CredentialValidity is { IsLong: true } validity)
        {
            credential = (validity.Until - now).TotalSeconds;
        }

        return new(cache.Settings.Context.MetricName, Math.Max(0, lifetime.TotalSeconds), status.ConsecutiveFailures, credential);
    }
}
