using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Distributed;

/// <summary>How many tokens a fleet requests.</summary>
public sealed class FleetTests
{
    private const int Count = 20;

    [Fact]
    [Trait("Req", "R-207")]
    public async Task Fleet_requests_one_token_at_a_cold_start_and_one_for_each_renewal()
    {
        await using TestFleet fleet = TestFleet.Of(Count);
        Assert.Single((await fleet.GetAllAsync()).Distinct());
        Assert.Single(fleet.Server.Requests);
        for (int lifetime = 2; lifetime <= 5; lifetime++)
        {
            fleet.Time.Advance(TimeSpan.FromSeconds(920));
            await fleet.GetAllAsync();
            await fleet.SettleAsync();
            Assert.Single((await fleet.GetAllAsync()).Distinct());
            Assert.Equal(lifetime, fleet.Server.Requests.Count);
        }
    }

    [Fact]
    [Trait("Req", "R-208")]
    public async Task Fleet_replaces_a_token_that_all_instances_report_as_rejected_once()
    {
        await using TestFleet fleet = TestFleet.Of(Count);
        await fleet.GetAllAsync();
        AccessToken rejected = await fleet.Replicas[0].Tokens.GetTokenAsync();
        fleet.Time.Advance(TimeSpan.FromSeconds(60));
        string renewed = Assert.Single((await fleet.RenewAllAsync(rejected)).Distinct());
        Assert.NotEqual(rejected.Value, renewed);
        Assert.Equal(2, fleet.Server.Requests.Count);
    }

    [Fact]
    public async Task Instances_without_a_lock_that_start_one_after_the_other_share_a_token()
    {
        await using TestFleet fleet = TestFleet.Of(Count, hasLocks: false);
        foreach (TestProvider replica in fleet.Replicas)
        {
            await replica.GetAsync();
        }

        Assert.Single(fleet.Server.Requests);
    }

    [Fact]
    public async Task Others_request_when_the_instance_with_the_lock_has_ended_abruptly()
    {
        await using TestFleet fleet = TestFleet.Of(Count);
        string name = await LockNameAsync(fleet);
        fleet.Locks.HoldForever(name);
        DateTimeOffset start = fleet.Time.GetUtcNow();
        Assert.Single((await fleet.GetAllAsync()).Distinct());
        Assert.InRange(fleet.Time.GetUtcNow() - start, TimeSpan.FromSeconds(7), TimeSpan.FromSeconds(15));

        // The first one whose wait ended requests. Another whose wait ended at the same moment may request too.
        Assert.InRange(fleet.Server.Requests.Count, 2, 4);
    }

    [Fact]
    public async Task Others_request_as_soon_as_the_lease_of_an_ended_instance_is_over()
    {
        await using TestFleet fleet = TestFleet.Of(Count);
        string name = await LockNameAsync(fleet);
        fleet.Locks.HoldForever(name);
        Task<string[]> all = fleet.GetAllAsync();
        await Eventually.True(() => fleet.Locks.Attempts > 2 * Count);
        fleet.Locks.EndLease(name);
        Assert.Single((await all).Distinct());
        Assert.Equal(2, fleet.Server.Requests.Count);
    }

    [Fact]
    public async Task Lock_is_released_after_success_and_failure()
    {
        await using TestFleet fleet = TestFleet.Of(1);
        fleet.Server.Next(TestResponse.Error("server_error"));
        await fleet.Replicas[0].FailAsync();
        await Eventually.True(() => fleet.Locks.Held.Count == 0);
        fleet.Time.Advance(TimeSpan.FromSeconds(5));
        await fleet.Replicas[0].GetAsync();
        await Eventually.True(() => fleet.Locks.Held.Count == 0);
    }

    [Fact]
    [Trait("Req", "R-205")]
    public async Task Different_keys_of_two_instances_cost_one_request_each_and_no_storm()
    {
        await using TestFleet fleet = TestFleet.Of(1);
        fleet.Add(new Microsoft.AspNetCore.DataProtection.EphemeralDataProtectionProvider());
        const int Lifetimes = 5;
        for (int step = 0; step < Lifetimes * 100; step++)
        {
            await fleet.GetAllAsync();
            await fleet.SettleAsync();
            fleet.Time.Advance(TimeSpan.FromSeconds(10));
        }

        // Each renews at 75 % of the lifetime at the earliest.
        Assert.InRange(fleet.Server.Requests.Count, Lifetimes, 2 * (int)((Lifetimes / 0.75) + 1));
    }

    [Fact]
    public async Task Changed_scope_in_half_of_the_fleet_gives_each_half_its_own_token()
    {
        await using TestFleet fleet = TestFleet.Of(3);
        for (int index = 0; index < 3; index++)
        {
            fleet.Add(client: options => options.Scopes = ["orders.write"]);
        }

        Assert.Equal(2, (await fleet.GetAllAsync()).Distinct().Count());
        Assert.Equal(2, fleet.Server.Requests.Count);
    }

    private static async Task<string> LockNameAsync(TestFleet fleet)
    {
        await fleet.Replicas[0].GetAsync();
        string name = fleet.Store.SingleKey + ":lock";
        fleet.Store.Entries.Clear();
        fleet.Replicas[0].Tokens.Forget("");
        return name;
    }
}
