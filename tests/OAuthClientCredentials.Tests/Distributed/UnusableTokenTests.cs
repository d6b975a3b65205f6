using System.Text;
using OAuthClientCredentials.Distributed;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Distributed;

/// <summary>Tokens in the cache that an instance must not use.</summary>
public sealed class UnusableTokenTests
{
    [Fact]
    [Trait("Req", "R-202")]
    public async Task Shared_token_lives_no_longer_than_MaxLifetime()
    {
        await using TestFleet fleet = TestFleet.Of(1);
        await fleet.Replicas[0].GetAsync();
        TestProvider second = fleet.Add(client: options => options.MaxLifetime = TimeSpan.FromSeconds(60));
        AccessToken token = await second.Tokens.GetTokenAsync();
        Assert.True(token.ExpiresAt <= fleet.Time.GetUtcNow().AddSeconds(60), $"{token.ExpiresAt - fleet.Time.GetUtcNow()}");
    }

    [Fact]
    [Trait("Req", "R-202")]
    public async Task Shared_token_without_a_required_scope_is_not_used()
    {
        await using TestFleet fleet = new();
        fleet.Server.Always(TestResponse.Token(scope: "a"));
        TestProvider first = fleet.Add(client: options => options.Scopes = ["a", "b"]);
        await first.GetAsync();
        TestProvider second = fleet.Add(client: options => (options.Scopes, options.RequireAllScopes) = (["a", "b"], true));
        await Assert.ThrowsAsync<TokenRequestException>(() => second.GetAsync());
    }

    [Fact]
    [Trait("Req", "R-208")]
    public async Task Token_that_was_rejected_while_the_cache_was_down_does_not_come_back()
    {
        await using TestFleet fleet = TestFleet.Of(1);
        TokenProvider tokens = fleet.Replicas[0].Tokens;
        AccessToken first = await tokens.GetTokenAsync();
        fleet.Time.Advance(TimeSpan.FromSeconds(60));
        fleet.Store.Before = () => Task.FromException(new InvalidOperationException());
        AccessToken second = await tokens.RenewTokenAsync(first);
        fleet.Store.Before = static () => Task.CompletedTask;
        fleet.Time.Advance(TimeSpan.FromSeconds(60));
        AccessToken third = await tokens.RenewTokenAsync(second);
        Assert.Equal(3, new[] { first.Value, second.Value, third.Value }.Distinct().Count());
    }

    [Fact]
    [Trait("Req", "R-202")]
    public async Task Entry_of_another_type_is_replaced_once()
    {
        await using TestFleet fleet = new();
        void Plain(SharedTokenCacheOptions options) => options.StorePlaintext = true;
        TestProvider first = fleet.Add(configure: Plain);
        await first.GetAsync();
        string key = fleet.Store.SingleKey;
        string text = Encoding.UTF8.GetString(fleet.Store.Entries[key]).Replace("Bearer", "DPoP", StringComparison.Ordinal);
        fleet.Store.Entries[key] = Encoding.UTF8.GetBytes(text);
        for (int instance = 0; instance < 4; instance++)
        {
            await fleet.Add(configure: Plain).GetAsync();
        }

        Assert.Equal(2, fleet.Server.Requests.Count);
    }
}
