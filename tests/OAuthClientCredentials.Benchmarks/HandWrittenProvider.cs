namespace OAuthClientCredentials.Benchmarks;

/// <summary>What a good engineer writes in an afternoon: a token, its expiry, and a semaphore around the request for the next.</summary>
internal sealed class HandWrittenProvider(TimeProvider timeProvider, Func<CancellationToken, Task<(string Token, DateTimeOffset ExpiresAt)>> request) : IDisposable
{
    private readonly SemaphoreSlim _gate = new(1, 1);
    private Entry? _entry;

    public void Dispose() => _gate.Dispose();

    public ValueTask<string> GetTokenAsync(CancellationToken cancellationToken = default) =>
        _entry is { } entry && timeProvider.GetUtcNow() < entry.RefreshAt ? new(entry.Token) : RequestAsync(cancellationToken);

    private async ValueTask<string> RequestAsync(CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            if (_entry is { } entry && timeProvider.GetUtcNow() < entry.RefreshAt)
            {
                return entry.Token;
            }

            (string token, DateTimeOffset expiresAt) = await request(cancellationToken);
            _entry = new(token, expiresAt - TimeSpan.FromMinutes(1));
            return token;
        }
        finally
        {
            _gate.Release();
        }
    }

    private sealed record Entry(string Token, DateTimeOffset RefreshAt);
}
