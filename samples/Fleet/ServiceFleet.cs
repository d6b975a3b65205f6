using OAuthClientCredentials.Testing;

namespace Fleet;

/// <summary>The replicas of a service, with their authorization server and their API.</summary>
internal sealed class ServiceFleet : IAsyncDisposable
{
    private readonly List<ReplicaProcess> _replicas = [];
    private readonly TestAuthorizationServer _server = new();
    private readonly Uri _address;
    private readonly Uri _api;

    public ServiceFleet(TimeSpan lifetime, int replicas)
    {
        _server.Lifetime = lifetime;
        _server.AddClient("orders-service", [.. Enumerable.Range(1, replicas).Select(Replica.SecretOf)]);
        _address = _server.Listen();
        _api = _server.CreateApi().Listen();
    }

    public int Count => _replicas.Count;

    public int TokenRequests => _server.Requests.Count;

    /// <summary>Starts replicas as processes and waits until they are ready. They do not call the API yet.</summary>
    public async Task StartAsync(int count, Func<ReplicaSettings, ReplicaSettings> configure)
    {
        int first = _replicas.Count + 1;
        ReplicaProcess[] started =
        [
            .. Enumerable.Range(first, count).Select(number => new ReplicaProcess(configure(
                new() { Number = number, AuthorizationServer = _address, Api = _api }))),
        ];
        _replicas.AddRange(started);
        await Task.WhenAll(started.Select(replica => replica.WaitUntilReadyAsync()));

        // All of them share the processors of this machine, and the scenes are not about the start of processes. A store that was too slow
        // meanwhile is used again after 5 seconds.
        await Task.Delay(TimeSpan.FromMilliseconds(200 * count) + TimeSpan.FromSeconds(5));
    }

    public Task StartCallsAsync() => Task.WhenAll(_replicas.Select(replica => replica.StartCallsAsync()));

    /// <summary>Returns the calls of all replicas since the last time.</summary>
    public async Task<Totals> TakeTotalsAsync()
    {
        Totals[] each = await Task.WhenAll(_replicas.Select(replica => replica.TakeTotalsAsync()));
        return each.Aggregate(Totals.None, (all, one) => all.Plus(one));
    }

    public void RevokeTokens() => _server.RevokeTokens();

    /// <summary>Revokes the current token of the fleet, a second after its renewal. A renewal under way would be revoked too.</summary>
    public async Task RevokeTokenAsync()
    {
        await WaitForTokenRequestAsync();
        await Task.Delay(TimeSpan.FromSeconds(1));
        RevokeTokens();
    }

    /// <summary>Delays the next token response, and kills the replica that waits for it.</summary>
    public async Task KillNextHolderAsync(TimeSpan delay)
    {
        _server.Next(TestResponse.Token().After(delay));
        TestTokenRequest request = await WaitForTokenRequestAsync();
        ReplicaProcess holder = _replicas.Single(replica => request.Used(Replica.SecretOf(replica.Number)));
        holder.Kill();
        _replicas.Remove(holder);
        holder.Dispose();
    }

    private async Task<TestTokenRequest> WaitForTokenRequestAsync()
    {
        int before = TokenRequests;
        while (TokenRequests == before)
        {
            await Task.Delay(10);
        }

        return _server.Requests[before];
    }

    public async ValueTask DisposeAsync()
    {
        _replicas.ForEach(replica => replica.Dispose());
        await _server.DisposeAsync();
    }
}
