namespace OAuthClientCredentials.Benchmarks;

/// <summary>A simple provider: a field with the token and its expiry, and a semaphore around the token request.</summary>
internal sealed class HandWrittenProvider : IDisposable
{
    private readonly SemaphoreSlim _gate = new(1, 1);
    private Entry? _entry;

    public void Dispose() => _gate.Dispose();

    public ValueTask<string> GetTokenAsync(CancellationToken cancellationToken = default) =>
        _entry is { } entry && TimeProvider.System.GetUtcNow() < entry.RefreshAt ? new(entry.Token) : RequestAsync(cancellationToken);

    private async ValueTask<string> RequestAsync(CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            if (_entry is { } entry && TimeProvider.System.GetUtcNow() < entry.RefreshAt)
            {
                return entry.Token;
            }

            _entry = new(TokenEndpoint.Token, TimeProvider.System.GetUtcNow().AddMinutes(59));
            return _entry.Token;
        }
        finally
        {
            _gate.Release();
        }
    }

    private sealed record Entry(string Token, DateTimeOffset RefreshAt);
}
