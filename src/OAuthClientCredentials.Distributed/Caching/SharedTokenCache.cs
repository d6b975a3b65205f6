using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using OAuthClientCredentials.Distributed.Diagnostics;

namespace OAuthClientCredentials.Distributed.Caching;

/// <summary>
/// One token for all instances: look, lock, look again, request, write, release. Whatever the stores do, a token is requested as without
/// them.
/// </summary>
/// <remarks>
/// Nobody waits inside the lock's store. An instance that finds the lock taken looks for the token and tries the lock again, so that all
/// who wait get the token as soon as it is stored.
/// </remarks>
internal sealed class SharedTokenCache(
    string keyPrefix,
    TokenStore store,
    FleetLock fleetLock,
    TimeSpan lockTimeout,
    TimeProvider timeProvider,
    ILogger logger) : ISharedTokenCache
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(25);
    private static readonly TimeSpan MaxPause = TimeSpan.FromMilliseconds(400);

    public async Task<AccessToken> GetOrRequestAsync(
        string key,
        AccessToken? notThisToken,
        Func<CancellationToken, Task<AccessToken>> request,
        CancellationToken cancellationToken)
    {
        string name = keyPrefix + key;
        StoredToken stored = await store.ReadAsync(name, cancellationToken).ConfigureAwait(false);
        if (stored.CanReplace(notThisToken))
        {
            return stored.Token;
        }

        if (store.IsSkipped)
        {
            return await request(cancellationToken).ConfigureAwait(false);
        }

        (StoredToken found, IAsyncDisposable? turn) = await WaitForTurnAsync(name, stored, notThisToken, cancellationToken)
            .ConfigureAwait(false);
        try
        {
            if (turn is not null)
            {
                found = await store.ReadAsync(name, cancellationToken).ConfigureAwait(false);
            }

            if (found.CanReplace(notThisToken))
            {
                return found.Token;
            }

            return await RequestAsync(name, found, request, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            FleetLock.Release(turn);
        }
    }

    public Task WarmUpAsync() => store.WarmUpAsync(keyPrefix + "warm-up", CancellationToken.None);

    /// <summary>
    /// Waits until the lock is ours, another instance has stored a token, or waiting is of no use. Returns what was found last, and the
    /// lock if it is ours.
    /// </summary>
    private async Task<(StoredToken Stored, IAsyncDisposable? Turn)> WaitForTurnAsync(
        string name,
        StoredToken stored,
        AccessToken? notThisToken,
        CancellationToken cancellationToken)
    {
        long start = timeProvider.GetTimestamp();
        TimeSpan limit = lockTimeout * Random(0.5, 1);
        TimeSpan pause = FirstPause;
        while (true)
        {
            LockAttempt attempt = await fleetLock.TryAcquireAsync(name, cancellationToken).ConfigureAwait(false);
            if (!attempt.IsContended || timeProvider.GetElapsedTime(start) >= limit)
            {
                return (stored, attempt.Turn);
            }

            await Task.Delay(pause * Random(0.5, 1), timeProvider, cancellationToken).ConfigureAwait(false);
            pause = TimeSpan.FromTicks(Math.Min(pause.Ticks * 2, MaxPause.Ticks));
            stored = await store.ReadAsync(name, cancellationToken).ConfigureAwait(false);
            if (stored.CanReplace(notThisToken) || store.IsSkipped)
            {
                return (stored, null);
            }
        }
    }

    private async Task<AccessToken> RequestAsync(
        string name,
        StoredToken stored,
        Func<CancellationToken, Task<AccessToken>> request,
        CancellationToken cancellationToken)
    {
        if (stored.IsUnreadable)
        {
            logger.UnreadableEntry(name);
            await store.RemoveAsync(name, cancellationToken).ConfigureAwait(false);
        }

        AccessToken token = await request(cancellationToken).ConfigureAwait(false);

        // It is shared even if its caller has given up.
        await store.WriteAsync(name, token).ConfigureAwait(false);
        return token;
    }

    private static double Random(double from, double to)
    {
        const int Steps = 1 << 20;
        return from + ((to - from) * RandomNumberGenerator.GetInt32(Steps) / Steps);
    }
}
