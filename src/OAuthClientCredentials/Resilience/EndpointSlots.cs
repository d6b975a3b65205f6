namespace OAuthClientCredentials.Resilience;

/// <summary>How many token requests may be under way at each endpoint: many tokens that are needed at once do not become a stampede. Thread-safe.</summary>
internal sealed class EndpointSlots
{
    private readonly Dictionary<(Uri Endpoint, int Count), Queue> _queues = [];

    /// <summary>Waits for a turn at the endpoint, which the time limit of the attempt does not count.</summary>
    public async ValueTask<Slot> TakeAsync(Uri endpoint, int count, Attempts attempts, CancellationToken cancellationToken)
    {
        Queue queue = Join((endpoint, count));
        try
        {
            Task turn = queue.Turns.WaitAsync(cancellationToken);
            bool waits = !turn.IsCompleted;
            if (waits)
            {
                attempts.BeginWait(count);
            }

            await turn.ConfigureAwait(false);
            if (waits)
            {
                attempts.EndWait();
            }
        }
        catch
        {
            Leave(queue);
            throw;
        }

        return new Slot(this, queue);
    }

    private Queue Join((Uri Endpoint, int Count) key)
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

    public sealed class Slot(EndpointSlots slots, Queue queue) : IDisposable
    {
        private int _isFree;

        /// <summary>Frees it, once. Called by the cancellation as well: a handler that ignores that keeps nobody else waiting .</summary>
        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isFree, 1) == 0)
            {
                queue.Turns.Release();
                slots.Leave(queue);
            }
        }
    }

#pragma warning disable CA1001 // A semaphore without a wait handle holds nothing to dispose.
    public sealed class Queue((Uri Endpoint, int Count) key)
#pragma warning restore CA1001
    {
        public (Uri Endpoint, int Count) Key => key;

        public SemaphoreSlim Turns { get; } = new(key.Count);

        public int Users { get; set; }
    }
}
