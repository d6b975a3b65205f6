using Medallion.Threading;

namespace OAuthClientCredentials.Distributed.Caching;

/// <summary>
/// The application's distributed lock. It is tried without waiting, because a call that waits for a taken lock looks like a store that
/// hangs.
/// </summary>
internal sealed class FleetLock(IDistributedLockProvider? provider, BoundedCalls calls)
{
    public async Task<LockAttempt> TryAcquireAsync(string name, CancellationToken cancellationToken)
    {
        if (provider is null)
        {
            return LockAttempt.Unavailable;
        }

        CallResult<IDistributedSynchronizationHandle?> result = await calls
            .TryAsync(
                "lock",
                async stop => await provider.CreateLock(name + ":lock").TryAcquireAsync(TimeSpan.Zero, stop).ConfigureAwait(false),
                static handle => handle is null ? "contended" : "acquired",
                cancellationToken)
            .ConfigureAwait(false);
        return new(result.Value, IsContended: result.HasEnded && result.Value is null);
    }

    /// <summary>Releases the lock, if there is one, within the time limit.</summary>
    public Task ReleaseAsync(IAsyncDisposable? handle) => handle is null ? Task.CompletedTask : calls.ReleaseAsync(handle);
}

/// <summary>
/// The result of one attempt to take the lock: its handle, or that another instance has it. Without either there is no lock, or its store
/// is down.
/// </summary>
internal readonly record struct LockAttempt(IAsyncDisposable? Handle, bool IsContended)
{
    public static LockAttempt Unavailable => default;
}
