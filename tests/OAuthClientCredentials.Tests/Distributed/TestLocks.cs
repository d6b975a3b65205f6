using System.Collections.Concurrent;
using Medallion.Threading;

namespace OAuthClientCredentials.Tests.Distributed;

/// <summary>Distributed locks in memory that a test can break and hold.</summary>
internal sealed class TestLocks : IDistributedLockProvider
{
    private readonly ConcurrentDictionary<string, object> _held = new(StringComparer.Ordinal);
    private int _attempts;

    /// <summary>What every attempt awaits first: a task that never ends, or one with an exception.</summary>
    public Func<Task> Before { get; set; } = static () => Task.CompletedTask;

    public int Attempts => Volatile.Read(ref _attempts);

    public ICollection<string> Held => _held.Keys;

    public IDistributedLock CreateLock(string name) => new Lock(this, name);

    /// <summary>Takes the lock as an instance that ended abruptly. Remove it to end its lease.</summary>
    public void HoldForever(string name) => Assert.True(_held.TryAdd(name, new()));

    public void EndLease(string name) => Assert.True(_held.TryRemove(name, out _));

    private sealed class Lock(TestLocks locks, string name) : IDistributedLock
    {
        public string Name => name;

        public async ValueTask<IDistributedSynchronizationHandle?> TryAcquireAsync(
            TimeSpan timeout = default,
            CancellationToken cancellationToken = default)
        {
            Assert.Equal(TimeSpan.Zero, timeout);
            Interlocked.Increment(ref locks._attempts);
            await locks.Before();
            return locks._held.TryAdd(name, new()) ? new Handle(locks, name) : null;
        }

        public IDistributedSynchronizationHandle Acquire(TimeSpan? timeout = null, CancellationToken cancellationToken = default) =>
            throw new NotSupportedException();

        public ValueTask<IDistributedSynchronizationHandle> AcquireAsync(
            TimeSpan? timeout = null,
            CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public IDistributedSynchronizationHandle? TryAcquire(TimeSpan timeout = default, CancellationToken cancellationToken = default) =>
            throw new NotSupportedException();
    }

    private sealed class Handle(TestLocks locks, string name) : IDistributedSynchronizationHandle
    {
        public CancellationToken HandleLostToken => CancellationToken.None;

        public void Dispose() => locks._held.TryRemove(name, out _);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
