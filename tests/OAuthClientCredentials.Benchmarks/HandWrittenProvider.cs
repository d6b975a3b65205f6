namespace OAuthClientCredentials.Benchmarks;

/// <summary>What a good engineer writes in half an hour: one clock, a check, a semaphore, the check again. It renews while callers wait, and nothing else.</summary>
internal sealed class HandWrittenProvider(Func<CancellationToken, Task<(string Token, TimeSpan Lifetime)>> request, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan Early = TimeSpan.FromMinutes(1);

    private readonly SemaphoreSlim _semaphore = new(1, 1);
    private Cached? _cached;

    public ValueTask<string> GetTokenAsync(CancellationToken cancellationToken = default) =>
        Fresh() is { } token ? new(token) : RenewAsync(cancellationToken);

    public void Dispose() => _semaphore.Dispose();

    private async ValueTask<string> RenewAsync(CancellationToken cancellationToken)
    {
        await _semaphore.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (Fresh() is { } renewed)
            {
                return renewed;
            }

            DateTimeOffset requestedAt = time.GetUtcNow();
            (string token, TimeSpan lifetime) = await request(cancellationToken).ConfigureAwait(false);
            Volatile.Write(ref _cached, new(token, requestedAt + lifetime - Early));
            return token;
        }
        finally
        {
            _semaphore.Release();
        }
    }

    private string? Fresh() => Volatile.Read(ref _cached) is { } cached && time.GetUtcNow() < cached.FreshUntil ? cached.Token : null;

    private sealed record Cached(string Token, DateTimeOffset FreshUntil);
}
