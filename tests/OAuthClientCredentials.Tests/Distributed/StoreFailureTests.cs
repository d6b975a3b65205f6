using Microsoft.AspNetCore.DataProtection;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Distributed;

/// <summary>A store that is down, slow or broken fails no call and costs at most its time limit .</summary>
public sealed class StoreFailureTests
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(50);

    [Theory]
    [Trait("Req", "R-204")]
    [InlineData("cache", false)]
    [InlineData("cache", true)]
    [InlineData("lock", false)]
    [InlineData("lock", true)]
    public async Task Failed_store_costs_its_time_limit_once_and_is_then_skipped(string store, bool hangs)
    {
        await using TestFleet fleet = TestFleet.Of(1);
        Task failure = hangs ? new TaskCompletionSource().Task : Task.FromException(new InvalidOperationException("canary"));
        Break(fleet, store, () => failure);
        DateTimeOffset start = fleet.Time.GetUtcNow();
        await fleet.GetAllAsync();
        Assert.InRange(fleet.Time.GetUtcNow() - start, TimeSpan.Zero, TimeSpan.FromSeconds(hangs ? 1.5 : 0.1));
        Assert.Contains($"Warning 101 The {store} for shared tokens failed", fleet.Log.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", fleet.Log.Text, StringComparison.Ordinal);

        // It was asked once, and another token does not ask it.
        Func<int> asked = () => store == "cache" ? fleet.Store.Operations : fleet.Locks.Attempts;
        Assert.Equal(1, asked());
        await fleet.Replicas[0].GetAsync("", TestProvider.Scope("other"));
        Assert.Equal(1, asked());
    }

    [Fact]
    [Trait("Req", "R-204")]
    public async Task Store_is_used_again_after_it_has_recovered()
    {
        await using TestFleet fleet = TestFleet.Of(2);
        fleet.Store.Before = static () => throw new InvalidOperationException();
        await fleet.Replicas[0].GetAsync();
        Assert.Empty(fleet.Store.Entries);
        fleet.Store.Before = static () => Task.CompletedTask;
        fleet.Time.Advance(TimeSpan.FromSeconds(6));
        string shared = await fleet.Replicas[0].GetAsync("", TestProvider.Scope("other"));
        Assert.Contains("Information 105 The cache for shared tokens works again.", fleet.Log.Text, StringComparison.Ordinal);
        Assert.Equal(shared, await fleet.Replicas[1].GetAsync("", TestProvider.Scope("other")));
        Assert.Equal(2, fleet.Server.Requests.Count);
    }

    [Fact]
    [Trait("Req", "R-204")]
    public async Task Lock_that_is_acquired_too_late_is_released()
    {
        await using TestFleet fleet = TestFleet.Of(1);
        TaskCompletionSource open = new();
        fleet.Locks.Before = () => open.Task;
        Task<string> call = fleet.Replicas[0].GetAsync();
        await fleet.Time.AdvanceUntilAsync(call, Step);
        open.SetResult();
        await Eventually.True(() => fleet.Locks.Attempts == 1 && fleet.Locks.Held.Count == 0);
        await fleet.GetAllAsync();
        Assert.Single(fleet.Server.Requests);
    }

    [Fact]
    [Trait("Req", "R-204")]
    public async Task Cache_that_fails_while_others_wait_for_the_lock_releases_them()
    {
        await using TestFleet fleet = TestFleet.Of(3);
        TaskCompletionSource open = new();
        fleet.Server.Always(_ => TestResponse.Token().After(open.Task));
        Task<string[]> all = fleet.GetAllAsync();
        await Eventually.True(() => fleet.Server.Requests.Count == 1 && fleet.Locks.Attempts > 3);
        fleet.Store.Before = static () => throw new InvalidOperationException();
        await Eventually.True(() => fleet.Server.Requests.Count == 3);
        open.SetResult();
        await all;
    }

    [Fact]
    [Trait("Req", "R-204")]
    public async Task Failed_store_is_tried_by_one_call_at_a_time_and_logged_once()
    {
        await using TestFleet fleet = TestFleet.Of(1);
        TaskCompletionSource failure = new();
        fleet.Store.Before = () => failure.Task;
        Task<string[]> first = GetAllAsync(fleet, 10, "first");
        await Eventually.True(() => fleet.Store.Operations == 10);
        failure.SetException(new InvalidOperationException());
        await first;
        Assert.Single(fleet.Log.Lines, line => line.StartsWith("Warning 101 ", StringComparison.Ordinal));

        fleet.Time.Advance(TimeSpan.FromSeconds(6));
        TaskCompletionSource second = new();
        fleet.Store.Before = () => second.Task;
        Task<string[]> probe = GetAllAsync(fleet, 10, "second");
        await Eventually.True(() => fleet.Server.Requests.Count == 19);
        Assert.Equal(11, fleet.Store.Operations);
        second.SetException(new InvalidOperationException());
        await probe;
        Assert.Equal(2, fleet.Log.Lines.Count(line => line.StartsWith("Warning 101 ", StringComparison.Ordinal)));
    }

    [Fact]
    [Trait("Req", "R-204")]
    public async Task Wait_for_another_instance_leaves_half_of_the_timeout_for_the_request()
    {
        await using TestFleet fleet = new();
        TestProvider replica = fleet.Add(client: options => options.Timeout = TimeSpan.FromSeconds(4));
        await replica.GetAsync();
        fleet.Locks.HoldForever(fleet.Store.SingleKey + ":lock");
        fleet.Store.Entries.Clear();
        replica.Tokens.Forget("");
        DateTimeOffset start = fleet.Time.GetUtcNow();
        await fleet.GetAllAsync();
        Assert.InRange(fleet.Time.GetUtcNow() - start, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(3));
    }

    [Fact]
    [Trait("Req", "R-204")]
    public async Task Key_store_that_fails_does_not_remove_the_entry()
    {
        await using TestFleet fleet = TestFleet.Of(1);
        await fleet.Replicas[0].GetAsync();
        byte[] entry = fleet.Store.Entries[fleet.Store.SingleKey];
        TestProvider other = fleet.Add(new BrokenKeys());
        await other.GetAsync();
        Assert.Same(entry, Assert.Single(fleet.Store.Entries).Value);
        Assert.Contains("Warning 101 The cache for shared tokens failed (get: IOException)", fleet.Log.Text, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-208")]
    public async Task Rejected_token_that_could_not_be_replaced_in_the_store_is_not_taken_again()
    {
        await using TestFleet fleet = TestFleet.Of(1);
        TokenProvider tokens = fleet.Replicas[0].Tokens;
        AccessToken first = await tokens.GetTokenAsync();
        fleet.Time.Advance(TimeSpan.FromSeconds(60));

        // The operations are a look, a second look under the lock, and the write.
        int operation = 0;
        fleet.Store.Before = () => ++operation < 3 ? Task.CompletedTask : Task.FromException(new InvalidOperationException());
        AccessToken second = await tokens.RenewTokenAsync(first);
        fleet.Store.Before = static () => Task.CompletedTask;
        fleet.Time.Advance(TimeSpan.FromSeconds(60));
        AccessToken third = await tokens.RenewTokenAsync(second);
        Assert.Equal(3, new[] { first.Value, second.Value, third.Value }.Distinct().Count());
        Assert.Equal(3, fleet.Server.Requests.Count);
    }

    [Fact]
    [Trait("Req", "R-208")]
    public async Task Later_token_in_the_store_stays_if_there_is_no_lock()
    {
        await using TestFleet fleet = TestFleet.Of(3, hasLocks: false);
        TaskCompletionSource open = new();
        fleet.Server.Next(TestResponse.Token().After(open.Task));
        Task<string> slow = fleet.Replicas[0].GetAsync();
        await Eventually.True(() => fleet.Server.Requests.Count == 1);
        fleet.Time.Advance(TimeSpan.FromSeconds(1));
        string later = await fleet.Replicas[1].GetAsync();
        open.SetResult();
        Assert.NotEqual(later, await slow);
        Assert.Equal(later, await fleet.Replicas[2].GetAsync());
    }

    private static Task<string[]> GetAllAsync(TestFleet fleet, int count, string scope) => Task.WhenAll(Enumerable.Range(0, count)
        .Select(index => fleet.Replicas[0].GetAsync("", TestProvider.Scope($"{scope}-{index}"))));

    private static void Break(TestFleet fleet, string store, Func<Task> failure)
    {
        if (store == "cache")
        {
            fleet.Store.Before = failure;
        }
        else
        {
            fleet.Locks.Before = failure;
        }
    }

    private sealed class BrokenKeys : IDataProtectionProvider, IDataProtector
    {
        public IDataProtector CreateProtector(string purpose) => this;

        public byte[] Protect(byte[] plaintext) => throw new IOException("canary");

        public byte[] Unprotect(byte[] protectedData) => throw new IOException("canary");
    }
}
