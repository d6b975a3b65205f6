using OAuthClientCredentials.Clients;
using OAuthClientCredentials.Resilience;

namespace OAuthClientCredentials;

/// <content>The end of the provider.</content>
public sealed partial class TokenProvider
{
    private const int MaxConcurrentRevocations = 10;
    private static readonly TimeSpan DisposeTimeout = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Cancels all running token requests and waits for them, at most 5 seconds. Within that time it revokes the tokens of clients with
    /// <see cref="ClientCredentialsOptions.RevokeOnDispose"/>. Later calls throw <see cref="ObjectDisposedException"/>.
    /// </summary>
    /// <returns>A task that completes when the requests have ended.</returns>
    public async ValueTask DisposeAsync()
    {
        List<(AccessToken Token, ClientSettings Settings)> tokens = [];
        Task ended = RetireAllAsync(tokens);
        CancellationTokenSource limit = new(DisposeTimeout, _clock.TimeProvider);
        try
        {
            await Task.WhenAll(ended, RevokeAllAsync(tokens, limit.Token))
                .WaitAsync(DisposeTimeout, _clock.TimeProvider).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is TimeoutException or OperationCanceledException)
        {
            // User code that ignores its cancellation token must not delay the shutdown of the host.
        }

        DisposeOwned();
    }

    /// <summary>Like <see cref="DisposeAsync"/>, but without waiting for the cancelled token requests, and without revocation.</summary>
    public void Dispose()
    {
        RetireAllAsync([]).ObserveFault();
        DisposeOwned();
    }

    /// <summary>Retires all sources. The tokens to revoke are added to the list.</summary>
    private Task RetireAllAsync(List<(AccessToken Token, ClientSettings Settings)> tokens)
    {
        lock (_gate)
        {
            _disposed = true;
            _settings.Changed -= Reload;
            tokens.AddRange(_caches.Values
                .Where(cache => cache.Settings.Options.RevokeOnDispose)
                .SelectMany(cache => cache.RemoveTokens()));
            Task ended = Task.WhenAll([.. _caches.Values.Select(cache => cache.RetireAsync())]);
            _caches.Clear();
            return ended;
        }
    }

    // The loop goes on after the limit, so that each token that was not revoked is logged.
    private Task RevokeAllAsync(List<(AccessToken Token, ClientSettings Settings)> tokens, CancellationToken limit) =>
        Parallel.ForEachAsync(
            tokens,
            new ParallelOptions { MaxDegreeOfParallelism = MaxConcurrentRevocations },
            async (removed, _) =>
            {
                try
                {
                    limit.ThrowIfCancellationRequested();
                    await _revoke(removed.Settings, removed.Token, limit).ConfigureAwait(false);
                }
                catch (TokenRequestException exception)
                {
                    Events.NotRevoked(removed.Settings.Context, exception.BaseMessage);
                }
                catch (OperationCanceledException)
                {
                    Events.NotRevoked(removed.Settings.Context, $"The {DisposeTimeout.TotalSeconds} seconds of the disposal have passed.");
                }
            });

    // Disposing cancels running requests, and a user handler may block then.
    private void DisposeOwned() => Task.Run(() => Array.ForEach(_owned, owned => owned.Dispose())).ObserveFault();
}
