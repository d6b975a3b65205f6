namespace OAuthClientCredentials.Resilience;

/// <summary>How many token requests may be under way at each endpoint. Thread-safe.</summary>
internal sealed class EndpointLimiter
{
    private readonly Dictionary<(Uri Endpoint, int Limit), Queue> _queues = [];

    /// <summary>Waits for a permit, which is given back when it is disposed.</summary>
    public async ValueTask<Permit> WaitAsync(Uri endpoint, int limit, CancellationToken cancellationToken)
    {
        Queue queue = Join((endpoint, limit));
        try
        {
            await queue.Semaphore.WaitAsync(cancellationToken).ConfigureAwait(false);
            return new Permit(this, queue);
        }
        catch
        {
            Leave(queue);
            throw;
        }
    }

    private Queue Join((Uri Endpoint, int Limit) key)
    {
        lock (_queues)
        {
            if (!_queues.TryGetValue(key, out Queue? queue))
            {
                _queues[key] = queue = new(key);
            }

            queue.Users++;
            return queue;
        }
    }

    // An endpoint that nobody uses any more leaves nothing behind.
    private void Leave(Queue queue)
    {
        lock (_queues)
        {
            if (--queue.Users == 0)
            {
                _queues.Remove(queue.Key);
            }
        }
    }

    /// <summary>The right to have one request under way.</summary>
    public sealed class Permit(EndpointLimiter limiter, Queue queue) : IDisposable
    {
        private int _isReturned;

        /// <summary>Gives the permit back, once. Cancellation does so too: a handler that ignores it keeps nobody else waiting.</summary>
        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isReturned, 1) == 0)
            {
                queue.Semaphore.Release();
                limiter.Leave(queue);
            }
        }
    }

#pragma warning disable CA1001 // A semaphore without a wait handle holds nothing to dispose.
    public sealed class Queue((Uri Endpoint, int Limit) key)
#pragma warning restore CA1001
    {
        public (Uri Endpoint, int Limit) Key => key;

        public SemaphoreSlim Semaphore { get; } = new(key.Limit);

        public int Users { get; set; }
    }
}
