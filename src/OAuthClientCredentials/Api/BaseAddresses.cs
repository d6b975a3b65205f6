namespace OAuthClientCredentials.Api;

/// <summary>The origins of the base addresses of all HttpClients that were created under one name. Thread-safe.</summary>
/// <remarks>
/// A typed client's constructor may set its address long after the factory created the client, so the addresses are read when a request
/// is sent.
/// </remarks>
internal sealed class BaseAddresses
{
    private const int PruneAt = 64;

    private readonly object _gate = new();
    private readonly List<WeakReference<HttpClient>> _clients = [];
    private Origin[] _origins = [];
    private int _pruneAt = PruneAt;

    /// <summary>The origins that were found by the last read.</summary>
    public IReadOnlyList<Origin> Origins => Volatile.Read(ref _origins);

    public void Add(HttpClient client)
    {
        lock (_gate)
        {
            _clients.Add(new(client));
            if (_clients.Count >= _pruneAt)
            {
                ReadAddresses_NeedsLock();
                _pruneAt = Math.Max(PruneAt, _clients.Count * 2);
            }
        }
    }

    public bool Contains(Uri uri)
    {
        if (Array.Exists(Volatile.Read(ref _origins), origin => origin.Matches(uri)))
        {
            return true;
        }

        lock (_gate)
        {
            ReadAddresses_NeedsLock();
            return Array.Exists(_origins, origin => origin.Matches(uri));
        }
    }

    // Removes clients that were collected, and clients whose address is known now.
    private void ReadAddresses_NeedsLock() => _clients.RemoveAll(reference =>
    {
        if (reference.TryGetTarget(out HttpClient? client) && client.BaseAddress is null)
        {
            return false;
        }

        if (client?.BaseAddress is { } address && !Array.Exists(_origins, origin => origin.Matches(address)))
        {
            Volatile.Write(ref _origins, [.. _origins, new Origin(address)]);
        }

        return true;
    });
}
