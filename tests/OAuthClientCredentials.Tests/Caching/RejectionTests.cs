using System.Net;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Caching;

/// <summary>RenewTokenAsync: who renews a token that an API rejected, who waits, and who keeps the cached token.</summary>
public sealed class RejectionTests
{
    [Fact]
    [Trait("Req", "R-117")]
    [Trait("Req", "R-360")]
    public async Task A_thousand_renewals_of_one_token_cost_one_request()
    {
        await using TestProvider provider = new();
        AccessToken token = await provider.Tokens.GetTokenAsync();
        AccessToken[] tokens = await Task.WhenAll(
            Enumerable.Range(0, 1000).Select(_ => Task.Run(() => provider.Tokens.RenewTokenAsync(token).AsTask())));
        Assert.All(tokens, renewed => Assert.Equal("token-2", renewed.Value));
        Assert.Equal(2, provider.Server.Requests.Count);
    }

    [Fact]
    [Trait("Req", "R-117")]
    [Trait("Req", "R-360")]
    public async Task RenewTokenAsync_returns_the_newer_token_if_there_is_one_already()
    {
        await using TestProvider provider = new();
        AccessToken old = await provider.Tokens.GetTokenAsync();
        AccessToken renewed = await provider.Tokens.RenewTokenAsync(old);
        provider.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Same(renewed, await provider.Tokens.RenewTokenAsync(old));
        Assert.Equal("token-2", await provider.GetAsync());
        Assert.Equal(2, provider.Server.Requests.Count);
    }

    [Fact]
    [Trait("Req", "R-118")]
    [Trait("Req", "R-360")]
    public async Task RenewTokenAsync_requests_at_most_one_token_in_half_a_minute()
    {
        await using TestProvider provider = new();
        for (int call = 0; call < 1000; call++)
        {
            AccessToken token = await provider.Tokens.GetTokenAsync();
            await provider.Tokens.RenewTokenAsync(token);
            provider.Time.Advance(TimeSpan.FromMilliseconds(60));
        }

        // One at the start, then one in each half minute.
        Assert.InRange(provider.Server.Requests.Count, 3, 4);
    }

    [Fact]
    [Trait("Req", "R-118")]
    public async Task RenewTokenAsync_requests_at_most_one_token_in_half_a_short_lifetime()
    {
        await using TestProvider provider = new() { Server = { Lifetime = TimeSpan.FromSeconds(10) } };
        AccessToken second = await provider.Tokens.RenewTokenAsync(await provider.Tokens.GetTokenAsync());
        provider.Time.Advance(TimeSpan.FromSeconds(4));
        Assert.Same(second, await provider.Tokens.RenewTokenAsync(second));
        provider.Time.Advance(TimeSpan.FromSeconds(1.1));
        Assert.Equal("token-3", (await provider.Tokens.RenewTokenAsync(second)).Value);
    }

    [Fact]
    [Trait("Req", "R-118")]
    public async Task Only_the_caller_that_got_a_401_waits_for_the_renewal()
    {
        await using TestProvider provider = new();
        AccessToken token = await provider.Tokens.GetTokenAsync();
        TaskCompletionSource open = new();
        provider.Server.Next(TestResponse.Token().After(open.Task));
        ValueTask<AccessToken> renewal = provider.Tokens.RenewTokenAsync(token);
        await Eventually.True(() => provider.Server.Requests.Count == 2);
        for (int call = 0; call < 10; call++)
        {
            ValueTask<AccessToken> other = provider.Tokens.GetTokenAsync();
            Assert.True(other.IsCompletedSuccessfully);
            Assert.Same(token, await other);
            provider.Time.Advance(TimeSpan.FromSeconds(0.5));
        }

        Assert.False(renewal.IsCompleted);
        open.SetResult();
        Assert.Equal("token-2", (await renewal).Value);
        Assert.Equal("token-2", await provider.GetAsync());
    }

    [Fact]
    [Trait("Req", "R-118")]
    [Trait("Req", "R-360")]
    public async Task RenewTokenAsync_returns_the_same_token_when_the_server_is_down()
    {
        await using TestProvider provider = new();
        AccessToken token = await provider.Tokens.GetTokenAsync();
        provider.Server.Always(TestResponse.Status(HttpStatusCode.ServiceUnavailable));
        Assert.Same(token, await provider.Tokens.RenewTokenAsync(token));
        Assert.Same(token, await provider.Tokens.GetTokenAsync());
        Assert.Same(token, await provider.Tokens.RenewTokenAsync(token));
        Assert.Equal(2, provider.Server.Requests.Count);

        // Forget drops the token in any case.
        provider.Tokens.Forget("");
        await provider.FailAsync();
    }

    [Fact]
    [Trait("Req", "R-118")]
    public async Task RenewTokenAsync_joins_a_renewal_that_is_under_way_at_any_time()
    {
        await using TestProvider provider = new() { Server = { Lifetime = TimeSpan.FromSeconds(100) } };
        AccessToken second = await provider.Tokens.RenewTokenAsync(await provider.Tokens.GetTokenAsync());
        provider.Time.Advance(TimeSpan.FromSeconds(92));
        TaskCompletionSource open = new();
        provider.Server.Next(TestResponse.Token(TimeSpan.FromSeconds(5)).After(open.Task));
        Assert.Same(second, await provider.Tokens.GetTokenAsync());
        ValueTask<AccessToken> renewal = provider.Tokens.RenewTokenAsync(second);
        Assert.False(renewal.IsCompleted);
        open.SetResult();

        // It expires earlier than the rejected one would have, and counts all the same.
        Assert.Equal("token-3", (await renewal).Value);
        Assert.Equal("token-3", await provider.GetAsync());
        provider.Server.Verify(3);
    }

    [Fact]
    [Trait("Req", "R-190")]
    public async Task A_rejected_token_does_not_end_a_cool_down()
    {
        await using TestProvider provider = new();
        AccessToken token = await provider.Tokens.GetTokenAsync();
        provider.Server.Always(TestResponse.Error("invalid_client"));
        provider.Time.Advance(TimeSpan.FromSeconds(3300));
        await provider.GetAndSettleAsync(2);
        Assert.Same(token, await provider.Tokens.RenewTokenAsync(token));
        Assert.Equal(2, provider.Server.Requests.Count);
        Assert.Equal("token-1", await provider.GetAsync());
    }

    [Fact]
    [Trait("Req", "R-360")]
    public async Task RenewTokenAsync_requests_a_token_if_the_rejected_one_has_expired()
    {
        await using TestProvider provider = new() { Server = { Lifetime = TimeSpan.FromSeconds(100) } };
        AccessToken token = await provider.Tokens.GetTokenAsync();
        provider.Time.Advance(TimeSpan.FromSeconds(101));
        Assert.Equal("token-2", (await provider.Tokens.RenewTokenAsync(token)).Value);
        provider.Server.Always(TestResponse.Unavailable());
        provider.Time.Advance(TimeSpan.FromSeconds(101));
        await Assert.ThrowsAsync<TokenRequestException>(() => provider.Tokens.RenewTokenAsync(token).AsTask());
    }

    [Fact]
    [Trait("Req", "R-099")]
    public async Task A_late_response_to_a_forgotten_client_changes_nothing()
    {
        await using TestProvider provider = new();
        TaskCompletionSource late = new();
        provider.Server.Next(TestResponse.Token(value: "late").After(_ => late.Task));
        Task<string> waiting = provider.GetAsync();
        await Eventually.True(() => provider.Server.Requests.Count == 1);
        provider.Tokens.Forget("");
        Assert.Equal("token-1", await provider.GetAsync());
        Assert.Equal("token-1", await waiting);
        late.SetResult();
        Assert.Equal("token-1", await provider.GetAsync());
        Assert.Equal(2, provider.Server.Requests.Count);
    }
}
