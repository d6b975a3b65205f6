using System.Net;
using System.Text;
using System.Text.Json;
using CsCheck;
using Microsoft.AspNetCore.DataProtection;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Distributed;

/// <summary>What is stored, and that nothing of it is trusted.</summary>
public sealed class TokenEntryTests
{
    [Fact]
    [Trait("Req", "R-206")]
    public async Task Key_begins_with_the_prefix_and_shows_nothing_of_the_client()
    {
        await using TestFleet fleet = new();
        TestProvider replica = fleet.Add(
            configure: options => options.KeyPrefix = "orders-service:",
            client: options => options.Scopes = ["canary-scope"]);
        string token = await replica.GetAsync();
        KeyValuePair<string, byte[]> entry = Assert.Single(fleet.Store.Entries);
        Assert.Matches("^orders-service:[0-9A-F]{64}$", entry.Key);
        string bytes = Encoding.Latin1.GetString(entry.Value);
        Assert.All([token, "shop", "canary", "access_token", entry.Key], text =>
            Assert.DoesNotContain(text, bytes, StringComparison.OrdinalIgnoreCase));
        Assert.Equal(TimeSpan.FromSeconds(1000), Assert.Single(fleet.Store.Written).AbsoluteExpirationRelativeToNow);
    }

    [Fact]
    [Trait("Req", "R-200")]
    public async Task Every_flipped_byte_is_a_miss_with_one_log_line()
    {
        await using TestFleet fleet = TestFleet.Of(2);
        await fleet.Replicas[0].GetAsync();
        string key = fleet.Store.SingleKey;
        byte[] original = fleet.Store.Entries[key];
        for (int index = 0; index < original.Length; index++)
        {
            byte[] flipped = [.. original];
            flipped[index] ^= 1;
            await AssertUnreadableAsync(fleet, key, flipped);
        }
    }

    [Fact]
    [Trait("Req", "R-200")]
    public async Task Entry_of_another_key_is_a_miss_with_one_log_line()
    {
        await using TestFleet fleet = TestFleet.Of(2);
        await fleet.Replicas[0].GetAsync();
        string key = fleet.Store.SingleKey;
        await fleet.Replicas[0].GetAsync("", TestProvider.Scope("other"));
        await AssertUnreadableAsync(fleet, key, Assert.Single(fleet.Store.Entries, entry => entry.Key != key).Value);
    }

    [Theory]
    [Trait("Req", "R-202")]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("{\"access_token\":\"a b\",\"token_type\":\"Bearer\",\"requested_at\":NOW,\"expires_at\":LATER}")]
    [InlineData("{\"access_token\":\"a\\r\\nX: 1\",\"token_type\":\"Bearer\",\"requested_at\":NOW,\"expires_at\":LATER}")]
    [InlineData("{\"access_token\":\"a\",\"token_type\":\"Bearer x\",\"requested_at\":NOW,\"expires_at\":LATER}")]
    [InlineData("{\"access_token\":\"a\",\"token_type\":null,\"requested_at\":NOW,\"expires_at\":LATER}")]
    [InlineData("{\"access_token\":\"a\",\"token_type\":\"Bearer\",\"requested_at\":NOW,\"expires_at\":9223372036854775807}")]
    [InlineData("{\"access_token\":\"a\",\"token_type\":\"Bearer\",\"requested_at\":NOW,\"expires_at\":99999999999999}")]
    [InlineData("{\"access_token\":\"a\",\"token_type\":\"Bearer\",\"requested_at\":LATER,\"expires_at\":NOW}")]
    [InlineData("{\"access_token\":\"a\",\"token_type\":\"Bearer\",\"requested_at\":\"NOW\",\"expires_at\":LATER}")]
    public async Task Plain_entry_that_is_not_valid_is_a_miss(string text)
    {
        await using TestFleet fleet = new();
        TestProvider replica = fleet.Add(configure: options => options.StorePlaintext = true);
        string first = await replica.GetAsync();
        string key = fleet.Store.SingleKey;
        replica.Tokens.Forget("");
        long now = fleet.Time.GetUtcNow().ToUnixTimeMilliseconds();
        fleet.Store.Entries[key] = Encoding.UTF8.GetBytes(text.Replace("NOW", $"{now}").Replace("LATER", $"{now + 60_000}"));
        string second = await replica.GetAsync();
        Assert.NotEqual(first, second);
        Assert.NotEqual("a", second);
    }

    [Fact]
    [Trait("Req", "R-202")]
    public async Task Any_bytes_are_the_token_that_was_written_or_a_miss()
    {
        await using TestFleet fleet = new();
        TestProvider replica = fleet.Add();
        string first = await replica.GetAsync();
        string key = fleet.Store.SingleKey;
        byte[] original = fleet.Store.Entries[key];
        Gen<byte[]> changed = Gen.Select(Gen.Int[0, original.Length - 1], Gen.Byte, (index, value) =>
        {
            byte[] bytes = [.. original];
            bytes[index] = value;
            return bytes;
        });
        await Gen.OneOf(Gen.Byte.Array[0, 300], changed).SampleAsync(
            async bytes =>
            {
                replica.Tokens.Forget("");
                fleet.Store.Entries[key] = bytes;
                int before = fleet.Server.Requests.Count;
                AccessToken token = await replica.Tokens.GetTokenAsync();
                Assert.True(token.ExpiresAt > fleet.Time.GetUtcNow());
                bool isHit = bytes.SequenceEqual(original);
                Assert.Equal(isHit, token.Value == first);
                Assert.Equal(isHit ? before : before + 1, fleet.Server.Requests.Count);
            },
            iter: 500,
            threads: 1);
    }

    [Fact]
    [Trait("Req", "R-203")]
    public async Task Expiry_counts_and_not_how_long_the_store_keeps_the_entry()
    {
        await using TestFleet fleet = TestFleet.Of(2);
        await fleet.Replicas[0].GetAsync();
        fleet.Time.Advance(TimeSpan.FromSeconds(1000));
        await fleet.Replicas[1].GetAsync();
        Assert.Equal(2, fleet.Server.Requests.Count);
    }

    [Theory]
    [Trait("Req", "R-203")]
    [InlineData(60)]
    [InlineData(-60)]
    public async Task Token_of_an_instance_whose_clock_differs_lives_no_longer_than_its_lifetime(int seconds)
    {
        await using TestFleet fleet = TestFleet.Of(2);
        string token = await fleet.Replicas[0].GetAsync();
        fleet.Time.JumpWallClock(TimeSpan.FromSeconds(seconds));
        AccessToken taken = await fleet.Replicas[1].Tokens.GetTokenAsync();
        Assert.Equal(token, taken.Value);
        Assert.InRange(taken.ExpiresAt - fleet.Time.GetUtcNow(), TimeSpan.FromSeconds(930), TimeSpan.FromSeconds(1000));
    }

    [Fact]
    [Trait("Req", "R-049")]
    public async Task Token_that_was_issued_expired_is_not_stored()
    {
        await using TestFleet fleet = TestFleet.Of(1);
        fleet.Server.Always(Json("""{"access_token":"a","token_type":"Bearer","expires_in":0}"""));
        await fleet.Replicas[0].GetAsync();
        Assert.Empty(fleet.Store.Entries);
    }

    [Fact]
    public async Task Token_from_the_cache_has_its_type_scopes_and_parameters()
    {
        await using TestFleet fleet = TestFleet.Of(2);
        fleet.Server.Always(Json(
            """{"access_token":"a","token_type":"Bearer","expires_in":60,"scope":"a b","instance_url":"https://na1.example.com"}"""));
        AccessToken requested = await fleet.Replicas[0].Tokens.GetTokenAsync();
        AccessToken taken = await fleet.Replicas[1].Tokens.GetTokenAsync();
        Assert.Equal(requested.Value, taken.Value);
        Assert.Equal(requested.TokenType, taken.TokenType);
        Assert.Equal(requested.Scopes, taken.Scopes);
        Assert.Equal(requested.ExpiresAt, taken.ExpiresAt);
        Assert.Equal(requested.RequestedAt, taken.RequestedAt);
        JsonElement parameter = Assert.Single(taken.AdditionalParameters).Value;
        Assert.Equal("https://na1.example.com", parameter.GetString());
    }

    private static TestResponse Json(string body) => TestResponse.Status(HttpStatusCode.OK, body, "application/json");

    private static async Task AssertUnreadableAsync(TestFleet fleet, string key, byte[] entry)
    {
        fleet.Log.Lines.Clear();
        fleet.Store.Entries[key] = entry;
        fleet.Replicas[1].Tokens.Forget("");
        int before = fleet.Server.Requests.Count;
        await fleet.Replicas[1].GetAsync();
        Assert.Equal(before + 1, fleet.Server.Requests.Count);
        Assert.Single(fleet.Log.Lines, line => line.StartsWith("Warning 102 The shared token", StringComparison.Ordinal));
    }
}
