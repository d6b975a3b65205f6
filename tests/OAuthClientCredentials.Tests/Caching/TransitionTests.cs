using Microsoft.Extensions.Logging.Abstractions;
using OAuthClientCredentials.Authentication;
using OAuthClientCredentials.Caching;
using OAuthClientCredentials.Clients;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Clients;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Caching;

/// <summary>The state machine, transition by transition, at its edges.</summary>
public sealed class TransitionTests
{
    [Theory]
    [Trait("Req", "R-081")]
    [InlineData(-10, 60)]
    [InlineData(30, 30)]
    public async Task A_token_has_expired_in_the_very_moment_by_either_clock_alone(double jump, double passed)
    {
        await using Provider provider = new() { Endpoint = { Lifetime = TimeSpan.FromSeconds(60) } };
        await provider.GetAsync();
        provider.Time.JumpWallClock(TimeSpan.FromSeconds(jump));
        provider.Time.Advance(TimeSpan.FromSeconds(passed));
        Assert.Equal("token-2", await provider.GetAsync());
    }

    [Fact]
    [Trait("Req", "R-084")]
    public async Task When_a_renewal_is_due_is_drawn_once_and_not_at_each_call()
    {
        double sum = 0;
        for (int round = 0; round < 60; round++)
        {
            await using Provider provider = new() { Endpoint = { Lifetime = TimeSpan.FromSeconds(1000) } };
            await provider.GetAsync();
            provider.Time.Advance(TimeSpan.FromSeconds(745));
            for (int step = 0; step < 160 && !provider.Tokens.IsInFlight() && provider.Endpoint.Requests.Count == 1; step++)
            {
                provider.Time.Advance(TimeSpan.FromSeconds(1));
                await provider.GetAsync();
            }

            sum += (provider.Time.GetUtcNow() - provider.Endpoint.Requests[0].At).TotalSeconds;
        }

        Assert.InRange(sum / 60, 805, 845);
    }

    [Theory]
    [Trait("Req", "R-092")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_callers_context_flows_on_as_it_did(bool suppressed)
    {
        await using Provider provider = new();
        AsyncFlowControl? control = suppressed ? ExecutionContext.SuppressFlow() : null;
        ValueTask<AccessToken> pending = provider.Tokens.GetTokenAsync();
        bool isSuppressed = ExecutionContext.IsFlowSuppressed();
        control?.Undo();
        Assert.Equal(suppressed, isSuppressed);
        AccessToken token = await pending;
        Assert.Equal("token-1", token.Value);

        // Not an async method: nobody restores the context for it.
        ValueTask<AccessToken> renewal = provider.Tokens.RenewTokenAsync(token);
        Assert.False(ExecutionContext.IsFlowSuppressed());
        await renewal;
    }

    [Fact]
    [Trait("Req", "R-314")]
    public async Task A_token_that_ends_no_later_replaces_none()
    {
        await using Provider provider = new() { Endpoint = { Lifetime = TimeSpan.FromSeconds(1000) } };
        await provider.GetAsync();
        provider.Time.Advance(TimeSpan.FromSeconds(910));
        provider.Endpoint.Lifetime = TimeSpan.FromSeconds(90);
        Assert.Equal("token-1", await provider.GetAndSettleAsync(requests: 2));
        Assert.Equal("token-1", await provider.GetAsync());
        provider.Time.Advance(TimeSpan.FromSeconds(29));
        Assert.Equal("token-1", await provider.GetAndSettleAsync(requests: 2));
        provider.Endpoint.Lifetime = TimeSpan.FromSeconds(20);
        provider.Time.Advance(TimeSpan.FromSeconds(9));
        Assert.Equal("token-1", await provider.GetAndSettleAsync(requests: 3));
        Assert.Equal("token-1", await provider.GetAsync());
        provider.Endpoint.Lifetime = TimeSpan.FromSeconds(1000);
        provider.Time.Advance(TimeSpan.FromSeconds(38));
        Assert.Equal("token-1", await provider.GetAndSettleAsync(requests: 4));
        Assert.Equal("token-4", await provider.GetAsync());
    }

    [Fact]
    [Trait("Req", "R-074")]
    [Trait("Req", "R-314")]
    public async Task A_new_credential_brings_a_token_that_ends_earlier_once_and_not_for_ever()
    {
        await using Configured app = new([("orders:TokenEndpoint", OneClient.Endpoint), ("orders:ClientId", "shop"), ("orders:ClientSecret", "old")]);
        app.Endpoint.Next(TestResponse.Token(TimeSpan.FromSeconds(3000), "first"), TestResponse.Token(TimeSpan.FromSeconds(2000), "second"), TestResponse.Token(TimeSpan.FromSeconds(50), "third"));
        Assert.Equal("first", await GetAsync());
        app.Reload("orders:ClientSecret", "new");
        Assert.Equal("first", await GetAsync());
        Assert.Equal("second", await GetAsync());
        app.Time.Advance(TimeSpan.FromSeconds(1850));
        await GetAsync();
        Assert.Equal(3, app.Endpoint.Requests.Count);
        Assert.Equal("second", await GetAsync());

        async Task<string> GetAsync()
        {
            string token = (await app.Tokens.GetTokenAsync("orders")).Value;
            await Eventually.True(() => !((TokenProvider)app.Tokens).IsInFlight("orders", null));
            return token;
        }
    }

    [Fact]
    [Trait("Req", "R-101")]
    public async Task A_success_begins_the_waits_anew()
    {
        await using Provider provider = new() { Endpoint = { Lifetime = TimeSpan.FromSeconds(10) } };
        provider.Endpoint.Next(TestResponse.Unavailable(), TestResponse.Unavailable(), TestResponse.Token(), TestResponse.Unavailable());
        await FailAsync(provider);
        provider.Time.Advance(TimeSpan.FromSeconds(1.3));
        await FailAsync(provider);
        provider.Time.Advance(TimeSpan.FromSeconds(2.6));
        await provider.GetAsync();
        provider.Time.Advance(TimeSpan.FromSeconds(10));
        await FailAsync(provider);
        Assert.Equal(4, provider.Endpoint.Requests.Count);
        provider.Time.Advance(TimeSpan.FromSeconds(1.3));
        await provider.GetAsync();
    }

    [Fact]
    [Trait("Req", "R-190")]
    public async Task A_success_begins_the_cool_downs_anew()
    {
        await using Provider provider = new() { Endpoint = { Lifetime = TimeSpan.FromSeconds(10) } };
        provider.Endpoint.Next(TestResponse.Error("invalid_scope"), TestResponse.Token(), TestResponse.Error("invalid_scope"), TestResponse.Error("invalid_scope"), TestResponse.Token(TimeSpan.Zero), TestResponse.Error("invalid_scope"));
        await FailAsync(provider);
        provider.Time.Advance(TimeSpan.FromSeconds(38));
        await provider.GetAsync();
        provider.Time.Advance(TimeSpan.FromSeconds(10));
        Assert.InRange(WaitOf(await FailAsync(provider)), 10, 12.5);
        provider.Time.Advance(TimeSpan.FromSeconds(13));
        Assert.InRange(WaitOf(await FailAsync(provider)), 20, 25);
        provider.Time.Advance(TimeSpan.FromSeconds(76));
        await provider.GetAsync();
        Assert.InRange(WaitOf(await FailAsync(provider)), 10, 12.5);

        double WaitOf(TokenRequestException failure) => (failure.NextAttemptAt - provider.Time.GetUtcNow())!.Value.TotalSeconds;
    }

    [Fact]
    [Trait("Req", "R-074")]
    public async Task An_option_that_is_no_credential_renews_nothing()
    {
        await using Configured app = new([("orders:TokenEndpoint", OneClient.Endpoint), ("orders:ClientId", "shop"), ("orders:ClientSecret", "secret")]);
        await app.Tokens.GetTokenAsync("orders");
        app.Reload("orders:Timeout", "00:00:20");
        await app.Tokens.GetTokenAsync("orders");
        Assert.False(((TokenProvider)app.Tokens).IsInFlight("orders", null));
        Assert.Single(app.Endpoint.Requests);
    }

    [Fact]
    [Trait("Req", "R-102")]
    public async Task What_lives_is_kept_however_idle()
    {
        await using Provider provider = new();
        await provider.Tokens.GetTokenAsync("", Hostile.Scope("idle"));
        provider.Time.Advance(TimeSpan.FromMinutes(2));
        await provider.GetAsync();
        provider.Time.Advance(TimeSpan.FromMinutes(2));
        await provider.GetAsync();
        await provider.Tokens.GetTokenAsync("", Hostile.Scope("idle"));
        Assert.Equal(2, provider.Endpoint.Requests.Count);
    }

    [Fact]
    [Trait("Req", "R-049")]
    [Trait("Req", "R-098")]
    public async Task A_token_that_is_dead_on_arrival_ends_the_failures_before_it()
    {
        await using Provider provider = new();
        provider.Endpoint.Next(TestResponse.Unavailable(), TestResponse.Token(TimeSpan.Zero), TestResponse.Token());
        await FailAsync(provider);
        provider.Time.Advance(TimeSpan.FromSeconds(1.3));
        await provider.GetAsync();
        await provider.GetAsync();
        Assert.Equal(3, provider.Endpoint.Requests.Count);
    }

    [Fact]
    [Trait("Req", "R-190")]
    public async Task An_error_that_is_not_transient_is_not_tried_again_for_ten_seconds()
    {
        await using Provider provider = new();
        provider.Endpoint.Always(TestResponse.Error("invalid_scope"));
        await FailAsync(provider);
        provider.Time.Advance(TimeSpan.FromSeconds(9));
        await FailAsync(provider);
        Assert.Single(provider.Endpoint.Requests);
        provider.Time.Advance(TimeSpan.FromSeconds(4));
        await FailAsync(provider);
        Assert.Equal(2, provider.Endpoint.Requests.Count);
    }

    [Fact]
    [Trait("Req", "R-074")]
    public void A_source_that_is_added_to_an_ended_generation_has_ended_too()
    {
        ClientCredentialsOptions options = new() { TokenEndpoint = OneClient.Endpoint, ClientId = "shop", ClientSecret = "secret" };
        using ClientSettingsProvider registry = new(new FixedOptions(options), null, new([new("", null)], null), TimeProvider.System, NullLogger.Instance);
        ClientTokenCache client = new(registry.Get(""), (_, _) => throw new NotSupportedException(), new(TimeProvider.System), new(NullLogger.Instance));
        Assert.False(client.GetOrAdd(Hostile.Scope("a")).IsRetired);
        Assert.True(client.RetireAsync().IsCompletedSuccessfully);
        Assert.True(client.GetOrAdd(Hostile.Scope("b")).IsRetired);
    }

    private static Task<TokenRequestException> FailAsync(Provider provider) => Assert.ThrowsAsync<TokenRequestException>(provider.GetAsync);
}
