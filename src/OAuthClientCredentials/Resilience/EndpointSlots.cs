namespace OAuthClientCredentials.Resilience;

/// <summary>How many token requests may be under way at each endpoint: many tokens that are needed at once do not become a stampede. Thread-safe.</summary>
internal sealed class EndpointSlots
{
    private readonly Dictionary<(Uri Endpoint, int Count), Queue> _queues = [];

    /// <summary>Waits for a turn at the endpoint, which the time limit of the attempt does not count.</summary>
    public async ValueTask<Slot> TakeAsync(Uri endpoint, int count, Attempts attempts, CancellationToken cancellationToken)
    {
        Slot slot = new(this, (endpoint, count), Join((endpoint, count)));
        try
        {
            Task turn = slot.Queue.Turns.WaitAsync(cancellationToken);
            if (!turn.IsCompleted)
            {
                attempts.BeginWait(count);
                await turn.ConfigureAwait(false);
                attempts.EndWait();
            }

            await turn.ConfigureAwait(false);
        }
        catch
        {
            Leave(slot);
            throw;
        }

        return slot;
    }

    private Queue Join((Uri Endpoint, int Count) key)
    {
        lock (_queues)
        {
            if (!_queues.TryGetValue(key, out Queue? queue))
            {
                _queues[key] = queue = new(key.Count);
            }

            queue.Users++;
            return queue;
        }
    }

    private void Leave(Slot slot)
    {
        lock (_queues)
        {
            if (--slot.Queue.Users == 0)
            {
                _queues.Remove(slot.Key);
            }
        }
    }

    public sealed class Slot(EndpointSlots slots, (Uri Endpoint, int Count) key, Queue queue) : IDisposable
    {
        private int _isFree;

        public (Uri Endpoint, int Count) Key => key;

        public Queue Queue => queue;

        /// <summary>Frees it, once. Called by the cancellation as well: a handler that ignores that keeps nobody else waiting .</summary>
        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isFree, 1) == 0)
            {
                queue.Turns.Release();
                slots.Leave(this);
            }
        }
    }

#pragma warning disable CA1001 // A semaphore without a wait handle holds nothing to dispose.
    public sealed class Queue(int count)
#pragma warning restore CA1001
    {
        public SemaphoreSlim Turns { get; } = new(count);

        public int Users { get; set; }
    }
}
