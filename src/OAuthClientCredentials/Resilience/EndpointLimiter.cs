namespace OAuthClientCredentials.Resilience;

/// <summary>Limits the concurrent token requests at each endpoint. Thread-safe.</summary>
internal sealed class EndpointLimiter
{
    private readonly Dictionary<(Uri Endpoint, int Limit), Queue> _queues = [];

    /// <summary>Waits for a permit. Disposing the permit returns it.</summary>
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

    // An endpoint without users is forgotten.
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

    /// <summary>Permission for one concurrent request.</summary>
    public sealed class Permit(EndpointLimiter limiter, Queue queue) : IDisposable
    {
        private int _isReturned;

        /// <summary>
        /// Returns the permit, once. Cancellation returns it too, so that a handler that ignores cancellation blocks no other request.
        /// </summary>
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
