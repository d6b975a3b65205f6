using System.Net;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Caching;

public sealed class RejectionTests
{
    [Fact]
    [Trait("Req", "R-117")]
    public async Task A_thousand_rejections_of_one_token_cost_one_request()
    {
        await using Provider provider = new();
        AccessToken token = await provider.Tokens.GetTokenAsync();
        string[] tokens = await Task.WhenAll(Enumerable.Range(0, 1000).Select(_ => Task.Run(async () =>
        {
            provider.Tokens.Invalidate(token);
            return await provider.GetAsync();
        })));
        Assert.All(tokens, value => Assert.Equal("token-2", value));
        Assert.Equal(2, provider.Endpoint.Requests.Count);
    }

    [Fact]
    [Trait("Req", "R-117")]
    public async Task A_newer_token_survives_the_rejection_of_an_older_one()
    {
        await using Provider provider = new();
        AccessToken old = await provider.Tokens.GetTokenAsync();
        provider.Tokens.Invalidate(old);
        await provider.GetAsync();
        provider.Time.Advance(TimeSpan.FromMinutes(1));
        provider.Tokens.Invalidate(old);
        Assert.Equal("token-2", await provider.GetAsync());
        Assert.Equal(2, provider.Endpoint.Requests.Count);
    }

    [Fact]
    [Trait("Req", "R-118")]
    public async Task Rejections_are_rationed_and_the_rejected_token_stays_in_use_meanwhile()
    {
        await using Provider provider = new();
        for (int call = 0; call < 1000; call++)
        {
            AccessToken token = await provider.Tokens.GetTokenAsync();
            provider.Tokens.Invalidate(token);
            await provider.SettleAsync();
            provider.Time.Advance(TimeSpan.FromMilliseconds(60));
        }

        // One at the start, then one in each half minute.
        Assert.InRange(provider.Endpoint.Requests.Count, 3, 4);
    }

    [Fact]
    [Trait("Req", "R-118")]
    public async Task A_short_token_has_a_ration_of_half_its_life()
    {
        await using Provider provider = new() { Endpoint = { Lifetime = TimeSpan.FromSeconds(10) } };
        AccessToken first = await provider.Tokens.GetTokenAsync();
        provider.Tokens.Invalidate(first);
        AccessToken second = await provider.Tokens.GetTokenAsync();
        provider.Time.Advance(TimeSpan.FromSeconds(4));
        provider.Tokens.Invalidate(second);
        Assert.Equal("token-2", await provider.GetAsync());
        provider.Time.Advance(TimeSpan.FromSeconds(1.1));
        provider.Tokens.Invalidate(second);
        Assert.Equal("token-3", await provider.GetAsync());
    }

    [Fact]
    [Trait("Req", "R-190")]
    public async Task A_rejection_does_not_end_a_cool_down()
    {
        await using Provider provider = new();
        AccessToken token = await provider.Tokens.GetTokenAsync();
        provider.Endpoint.Always(TestAnswer.Error("invalid_client"));
        provider.Time.Advance(TimeSpan.FromSeconds(3300));
        await provider.GetAndSettleAsync(2);
        provider.Tokens.Invalidate(token);
        await provider.SettleAsync();
        Assert.Equal(2, provider.Endpoint.Requests.Count);
        Assert.Equal("token-1", await provider.GetAsync());
    }

    [Fact]
    [Trait("Req", "R-118")]
    public async Task When_the_renewal_of_a_rejected_token_fails_it_stays_in_use()
    {
        await using Provider provider = new();
        AccessToken token = await provider.Tokens.GetTokenAsync();
        provider.Endpoint.Always(TestAnswer.Status(HttpStatusCode.ServiceUnavailable));
        provider.Tokens.Invalidate(token);
        Assert.Equal("token-1", await provider.GetAsync());
    }

    [Fact]
    [Trait("Req", "R-099")]
    public async Task A_late_answer_of_a_forgotten_generation_changes_nothing()
    {
        await using Provider provider = new();
        TaskCompletionSource late = new();
        provider.Endpoint.Next(TestAnswer.Token(value: "late").After(_ => late.Task));
        Task<string> waiting = provider.GetAsync();
        await Eventually.True(() => provider.Endpoint.Requests.Count == 1);
        provider.Tokens.Invalidate("");
        Assert.Equal("token-1", await provider.GetAsync());
        Assert.Equal("token-1", await waiting);
        late.SetResult();
        Assert.Equal("token-1", await provider.GetAsync());
        Assert.Equal(2, provider.Endpoint.Requests.Count);
    }

    [Fact]
    [Trait("Req", "R-190")]
    public async Task A_rejected_secret_is_not_tried_again_with_every_other_request()
    {
        await using Provider provider = new();
        provider.Endpoint.Always(TestAnswer.Error("invalid_client"));
        for (int index = 0; index < 20; index++)
        {
            TokenRequest request = new() { Scopes = [$"scope-{index}"] };
            TokenRequestException failure = await Assert.ThrowsAsync<TokenRequestException>(async () => await provider.Tokens.GetTokenAsync(request: request));
            Assert.Equal("invalid_client", failure.Error);
        }

        Assert.Single(provider.Endpoint.Requests);
        provider.Endpoint.Recover();
        provider.Time.Advance(TimeSpan.FromSeconds(38));
        await provider.Tokens.GetTokenAsync(request: new() { Scopes = ["scope-7"] });
        Assert.Equal(2, provider.Endpoint.Requests.Count);
    }
}
