using Microsoft.Extensions.Logging;
using OAuthClientCredentials.Distributed.Diagnostics;

namespace OAuthClientCredentials.Distributed.Caching;

/// <summary>
/// Calls to one store, the cache or the lock, within a time limit. After a failure the store is skipped for a while. Thread-safe.
/// </summary>
internal sealed class BoundedCalls(
    string store,
    TimeSpan timeout,
    TimeProvider timeProvider,
    ILogger logger,
    SharedCacheMeter meter)
{
    private static readonly TimeSpan SkipTime = TimeSpan.FromSeconds(5);

    // The value while the store works. After a failure the value is the timestamp of the next attempt.
    private const long Works = long.MinValue;

    private long _nextAttempt = Works;

    /// <summary>Whether the store failed a moment ago and is not asked.</summary>
    public bool AreSkipped => Volatile.Read(ref _nextAttempt) > timeProvider.GetTimestamp();

    /// <summary>Calls the store. If the store fails, takes too long or is skipped, the result has not ended and has no value.</summary>
    /// <param name="operation">The name of the operation, as in metrics and logs.</param>
    /// <param name="call">The operation. Its token is cancelled after the time limit.</param>
    /// <param name="outcome">Names the outcome of a call that ended.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    public async Task<CallResult<T>> TryAsync<T>(
        string operation,
        Func<CancellationToken, Task<T>> call,
        Func<T, string> outcome,
        CancellationToken cancellationToken)
    {
        if (!TryBegin(out long state))
        {
            return default;
        }

        long start = timeProvider.GetTimestamp();
        CancellationTokenSource stop = new();

        // On another thread, because a client may connect synchronously.
        Task<T> running = Task.Run(() => call(stop.Token), CancellationToken.None);
        try
        {
            T value = await running.WaitAsync(timeout, timeProvider, cancellationToken).ConfigureAwait(false);
            if (Interlocked.Exchange(ref _nextAttempt, Works) != Works)
            {
                logger.StoreWorks(store);
            }

            meter.Ended(operation, outcome(value), timeProvider.GetElapsedTime(start));
            return new(true, value);
        }
#pragma warning disable CA1031 // A store may throw any exception, and none of them may fail a call.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            _ = stop.CancelAsync();
            _ = DiscardAsync(running);
            cancellationToken.ThrowIfCancellationRequested();
            meter.Ended(operation, exception is TimeoutException ? "timeout" : "error", timeProvider.GetElapsedTime(start));
            Skip(state, operation, exception);
            return default;
        }
    }

    /// <summary>Releases what a call returned. Waits at most for the time limit, and never throws.</summary>
    public Task ReleaseAsync(IAsyncDisposable result) =>
        Task.WhenAny(Task.Run(() => DiscardAsync(Task.FromResult(result))), Task.Delay(timeout, timeProvider));

    // Releases what a call returned, perhaps too late, and observes its exception.
    private static async Task DiscardAsync<T>(Task<T> late)
    {
        try
        {
            if (await late.ConfigureAwait(false) is IAsyncDisposable result)
            {
                await result.DisposeAsync().ConfigureAwait(false);
            }
        }
#pragma warning disable CA1031 // Nobody waits for it any more.
        catch (Exception)
#pragma warning restore CA1031
        {
            // A call that failed was reported. A lock that could not be released ends with its lease.
        }
    }

    // Only one call tries a store that has failed. The others skip it until that call has ended.
    private bool TryBegin(out long state)
    {
        state = Volatile.Read(ref _nextAttempt);
        if (state == Works)
        {
            return true;
        }

        long failed = state;
        state = EndOfSkip();
        return failed <= timeProvider.GetTimestamp() && Interlocked.CompareExchange(ref _nextAttempt, state, failed) == failed;
    }

    // Calls that began together fail together. The first one is logged, with the type of its exception only: the message may contain a
    // connection string.
    private void Skip(long state, string operation, Exception exception)
    {
        if (Interlocked.CompareExchange(ref _nextAttempt, EndOfSkip(), state) == state)
        {
            logger.StoreFailed(store, operation, exception.GetType().Name, SkipTime);
        }
    }

    private long EndOfSkip() => timeProvider.GetTimestamp() + (long)(SkipTime.TotalSeconds * timeProvider.TimestampFrequency);
}

/// <summary>The result of a call. Without <see cref="HasEnded"/> the store was skipped, failed or was too slow.</summary>
internal readonly record struct CallResult<T>(bool HasEnded, T? Value);
