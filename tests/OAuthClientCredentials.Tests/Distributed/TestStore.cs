using System.Collections.Concurrent;
using Microsoft.Extensions.Caching.Distributed;

namespace OAuthClientCredentials.Tests.Distributed;

/// <summary>A distributed cache in memory that a test can break, read and change.</summary>
internal sealed class TestStore : IDistributedCache
{
    private int _operations;

    public ConcurrentDictionary<string, byte[]> Entries { get; } = new(StringComparer.Ordinal);

    public ConcurrentQueue<DistributedCacheEntryOptions> Written { get; } = new();

    /// <summary>What every operation awaits first: a task that never ends, or one with an exception.</summary>
    public Func<Task> Before { get; set; } = static () => Task.CompletedTask;

    public int Operations => Volatile.Read(ref _operations);

    public string SingleKey => Assert.Single(Entries).Key;

    public async Task<byte[]?> GetAsync(string key, CancellationToken token = default)
    {
        await BeginAsync();
        return Entries.GetValueOrDefault(key);
    }

    public async Task SetAsync(string key, byte[] value, DistributedCacheEntryOptions options, CancellationToken token = default)
    {
        await BeginAsync();
        Written.Enqueue(options);
        Entries[key] = value;
    }

    public async Task RemoveAsync(string key, CancellationToken token = default)
    {
        await BeginAsync();
        Entries.TryRemove(key, out _);
    }

    public Task RefreshAsync(string key, CancellationToken token = default) => throw new NotSupportedException();

    public byte[]? Get(string key) => throw new NotSupportedException();

    public void Set(string key, byte[] value, DistributedCacheEntryOptions options) => throw new NotSupportedException();

    public void Remove(string key) => throw new NotSupportedException();

    public void Refresh(string key) => throw new NotSupportedException();

    private Task BeginAsync()
    {
        Interlocked.Increment(ref _operations);
        return Before();
    }
}
