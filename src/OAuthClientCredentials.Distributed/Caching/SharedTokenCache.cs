using System.Collections.Concurrent;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using OAuthClientCredentials.Distributed.Diagnostics;

namespace OAuthClientCredentials.Distributed.Caching;

/// <summary>
/// One token for all instances: look, lock, look again, request, write, release. Whatever the stores do, a token is requested as without
/// them. Thread-safe.
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
    // Clients that are known at run time only, for instance tenants, may come and go.
    private const int MaxReplaced = 10_000;

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(25);
    private static readonly TimeSpan MaxPause = TimeSpan.FromMilliseconds(400);

    // By entry, the token that this instance replaced. It is not used if the cache still has it because the new one could not be written.
    private readonly ConcurrentDictionary<string, string> _replaced = new(StringComparer.Ordinal);

    public async Task<AccessToken> GetOrRequestAsync(
        string key,
        AccessToken? notThisToken,
        TimeSpan timeout,
        Func<CancellationToken, Task<AccessToken>> request,
        CancellationToken cancellationToken)
    {
        string name = keyPrefix + key;
        StoredToken stored = await ReadAsync(name, cancellationToken).ConfigureAwait(false);
        if (stored.CanReplace(notThisToken))
        {
            return stored.Token;
        }

        if (store.IsSkipped)
        {
            RememberReplaced(name, notThisToken);
            return await request(cancellationToken).ConfigureAwait(false);
        }

        // Half of the time is left for the request.
        TimeSpan limit = Random(0.5, 1) * TimeSpan.FromTicks(Math.Min(lockTimeout.Ticks, timeout.Ticks / 2));
        LockAttempt attempt = await WaitAsync(name, notThisToken, limit, cancellationToken).ConfigureAwait(false);
        try
        {
            stored = await ReadAsync(name, cancellationToken).ConfigureAwait(false);
            if (stored.CanReplace(notThisToken))
            {
                return stored.Token;
            }

            bool isLocked = attempt.Handle is not null;
            return await RequestAsync(name, stored, notThisToken, isLocked, request, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            // Awaited, so that the next renewal does not find the lock taken.
            await fleetLock.ReleaseAsync(attempt.Handle).ConfigureAwait(false);
        }
    }

    public Task WarmUpAsync() => store.WarmUpAsync(keyPrefix + "warm-up");

    /// <summary>Waits until the lock is ours, another instance has stored a token, or waiting is of no use.</summary>
    private async Task<LockAttempt> WaitAsync(
        string name,
        AccessToken? notThisToken,
        TimeSpan limit,
        CancellationToken cancellationToken)
    {
        long start = timeProvider.GetTimestamp();
        TimeSpan pause = FirstPause;
        while (true)
        {
            LockAttempt attempt = await fleetLock.TryAcquireAsync(name, cancellationToken).ConfigureAwait(false);
            if (!attempt.IsContended || timeProvider.GetElapsedTime(start) >= limit)
            {
                return attempt;
            }

            await Task.Delay(pause * Random(0.5, 1), timeProvider, cancellationToken).ConfigureAwait(false);
            pause = TimeSpan.FromTicks(Math.Min(pause.Ticks * 2, MaxPause.Ticks));
            StoredToken stored = await ReadAsync(name, cancellationToken).ConfigureAwait(false);
            if (stored.CanReplace(notThisToken) || store.IsSkipped)
            {
                return attempt;
            }
        }
    }

    private async Task<AccessToken> RequestAsync(
        string name,
        StoredToken stored,
        AccessToken? notThisToken,
        bool isLocked,
        Func<CancellationToken, Task<AccessToken>> request,
        CancellationToken cancellationToken)
    {
        if (stored.IsUnreadable)
        {
            logger.UnreadableEntry(name);
            await store.RemoveAsync(name, cancellationToken).ConfigureAwait(false);
        }

        RememberReplaced(name, notThisToken);
        AccessToken token = await request(cancellationToken).ConfigureAwait(false);
        if (!isLocked)
        {
            // Without the lock another instance may have stored a token that was requested later. It stays.
            StoredToken other = await ReadAsync(name, CancellationToken.None).ConfigureAwait(false);
            if (other.CanReplace(notThisToken) && other.Token.RequestedAt > token.RequestedAt)
            {
                return token;
            }
        }

        // It is shared even if its caller has given up.
        if (await store.WriteAsync(name, token).ConfigureAwait(false))
        {
            _replaced.TryRemove(name, out _);
        }

        return token;
    }

    private void RememberReplaced(string name, AccessToken? notThisToken)
    {
        if (notThisToken is null)
        {
            return;
        }

        if (_replaced.Count >= MaxReplaced)
        {
            _replaced.Clear();
        }

        _replaced[name] = notThisToken.Value;
    }

    private async Task<StoredToken> ReadAsync(string name, CancellationToken cancellationToken)
    {
        StoredToken stored = await store.ReadAsync(name, cancellationToken).ConfigureAwait(false);
        if (stored.Token is { } token && _replaced.TryGetValue(name, out string? replaced) && replaced == token.Value)
        {
            return StoredToken.None;
        }

        return stored;
    }

    private static double Random(double from, double to)
    {
        const int Steps = 1 << 20;
        return from + ((to - from) * RandomNumberGenerator.GetInt32(Steps) / Steps);
    }
}
