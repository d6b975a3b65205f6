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
}
