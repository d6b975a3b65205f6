using System.Net;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Caching;

public sealed class LifetimeTests
{
    [Fact]
    [Trait("Req", "R-081")]
    public async Task A_token_expires_by_the_monotonic_clock_when_the_wall_clock_jumped_back()
    {
        await using Provider provider = new();
        await provider.GetAsync();
        provider.Time.JumpWallClock(TimeSpan.FromHours(-1));
        provider.Time.Advance(TimeSpan.FromSeconds(3601));
        Assert.Equal("token-2", await provider.GetAsync());
    }

    [Fact]
    [Trait("Req", "R-081")]
    public async Task A_token_expires_by_the_wall_clock_when_the_machine_slept()
    {
        await using Provider provider = new();
        await provider.GetAsync();
        provider.Time.JumpWallClock(TimeSpan.FromHours(2));
        provider.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("token-2", await provider.GetAsync());
    }

    [Fact]
    [Trait("Req", "R-081")]
    public async Task A_wall_clock_that_jumps_far_ahead_fetches_anew_and_breaks_nothing()
    {
        await using Provider provider = new();
        await provider.GetAsync();
        provider.Time.JumpWallClock(TimeSpan.FromDays(100_000));
        provider.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("token-2", await provider.GetAsync());
        Assert.Equal("token-2", await provider.GetAsync());
    }

    [Fact]
    [Trait("Req", "R-080")]
    public async Task The_lifetime_counts_from_before_the_request()
    {
        await using Provider provider = new();
        DateTimeOffset sent = provider.Time.GetUtcNow();
        provider.Endpoint.Always(TestResponse.Token().After(_ =>
        {
            provider.Time.Advance(TimeSpan.FromSeconds(8));
            return Task.CompletedTask;
        }));
        AccessToken token = await provider.Tokens.GetTokenAsync();
        Assert.Equal(sent + TimeSpan.FromSeconds(3600), token.ExpiresAt);
    }

    [Fact]
    [Trait("Req", "R-080")]
    public async Task A_token_that_lived_shorter_than_its_request_took_is_given_to_those_who_waited_and_not_kept()
    {
        await using Provider provider = new() { Endpoint = { Lifetime = TimeSpan.FromSeconds(1) } };
        provider.Endpoint.Always(TestResponse.Token().After(_ =>
        {
            provider.Time.Advance(TimeSpan.FromSeconds(1.5));
            return Task.CompletedTask;
        }));
        Assert.Equal("token-1", await provider.GetAsync());
        Assert.Equal("token-2", await provider.GetAsync());
    }

    [Theory]
    [Trait("Req", "R-049")]
    [InlineData(0)]
    [InlineData(-5)]
    public async Task A_token_without_life_is_never_kept(double lifetime)
    {
        await using Provider provider = new() { Endpoint = { Lifetime = TimeSpan.FromSeconds(lifetime) } };
        string[] tokens = [await provider.GetAsync(), await provider.GetAsync(), await provider.GetAsync()];
        Assert.Equal(["token-1", "token-2", "token-3"], tokens);
    }

    [Fact]
    [Trait("Req", "R-050")]
    public async Task A_token_that_does_not_say_how_long_it_lives_lives_five_minutes()
    {
        await using Provider provider = new();
        provider.Endpoint.Always(request => TestResponse.Status(HttpStatusCode.OK, $$"""{"access_token":"token-{{request.Number}}"}"""));
        await provider.GetAsync();
        provider.Time.Advance(TimeSpan.FromSeconds(200));
        Assert.Equal("token-1", await provider.GetAsync());
        provider.Time.Advance(TimeSpan.FromSeconds(101));
        await provider.SettleAsync();
        Assert.NotEqual("token-1", await provider.GetAsync());
    }

    [Theory]
    [Trait("Req", "R-083")]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(30)]
    [InlineData(60)]
    [InlineData(300)]
    [InlineData(3600)]
    public async Task A_token_is_used_for_most_of_its_life(double lifetime)
    {
        await using Provider provider = new() { Endpoint = { Lifetime = TimeSpan.FromSeconds(lifetime) } };
        TimeSpan step = TimeSpan.FromSeconds(lifetime / 20);
        for (int round = 0; round < 200; round++)
        {
            await provider.GetAsync();
            await provider.SettleAsync();
            provider.Time.Advance(step);
        }

        // Ten lifetimes; at 75 to 90 % of each a new token.
        Assert.InRange(provider.Endpoint.Requests.Count, 10, 15);
    }

    [Fact]
    [Trait("Req", "R-084")]
    public async Task Processes_renew_at_different_times()
    {
        List<double> shares = [];
        for (int process = 0; process < 200; process++)
        {
            await using Provider provider = new() { Endpoint = { Lifetime = TimeSpan.FromSeconds(1000) } };
            await provider.GetAsync();
            int seconds = 0;
            while (provider.Endpoint.Requests.Count == 1 && !provider.Tokens.IsInFlight())
            {
                provider.Time.Advance(TimeSpan.FromSeconds(10));
                seconds += 10;
                await provider.GetAsync();
            }

            shares.Add(seconds / 1000.0);
        }

        Assert.InRange(shares.Min(), 0.74, 0.80);
        Assert.InRange(shares.Max(), 0.86, 0.92);
    }

    [Fact]
    [Trait("Req", "R-085")]
    public async Task A_token_of_sixty_days_is_used_for_as_long_as_the_options_believe_it()
    {
        await using Provider provider = new(options => options.MaxLifetime = TimeSpan.FromDays(90)) { Endpoint = { Lifetime = TimeSpan.FromDays(60) } };
        await provider.GetAsync();
        provider.Time.Advance(TimeSpan.FromDays(40));
        Assert.Equal("token-1", await provider.GetAsync());
        provider.Time.Advance(TimeSpan.FromDays(20));
        Assert.Equal("token-2", await provider.GetAsync());
    }

    [Fact]
    [Trait("Req", "R-100")]
    public async Task Callers_get_the_present_token_at_once_while_the_next_is_fetched_behind()
    {
        await using Provider provider = new();
        await provider.GetAsync();
        TaskCompletionSource answer = new();
        provider.Endpoint.Always(TestResponse.Token().After(answer.Task));
        provider.Time.Advance(TimeSpan.FromSeconds(3300));
        ValueTask<AccessToken> during = provider.Tokens.GetTokenAsync();
        Assert.True(during.IsCompletedSuccessfully);
        Assert.Equal("token-1", (await during).Value);
        await Eventually.True(() => provider.Endpoint.Requests.Count == 2);
        answer.SetResult();
        await provider.SettleAsync();
        Assert.Equal("token-2", await provider.GetAsync());
        Assert.Equal(2, provider.Endpoint.Requests.Count);
    }

    [Fact]
    [Trait("Req", "R-100")]
    public async Task While_the_server_is_down_no_call_fails_before_the_token_expires()
    {
        await using Provider provider = new();
        await provider.GetAsync();
        provider.Endpoint.Always(TestResponse.Status(HttpStatusCode.ServiceUnavailable));
        for (int second = 0; second < 3599; second++)
        {
            provider.Time.Advance(TimeSpan.FromSeconds(1));
            Assert.Equal("token-1", await provider.GetAsync());
            await provider.SettleAsync();
        }

        provider.Time.Advance(TimeSpan.FromSeconds(1));
        await Assert.ThrowsAsync<TokenRequestException>(provider.GetAsync);
        provider.Endpoint.Recover();
        provider.Time.Advance(TimeSpan.FromSeconds(60));
        Assert.StartsWith("token-", await provider.GetAsync(), StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-101")]
    public async Task A_failing_renewal_is_tried_twice_a_minute_at_most()
    {
        await using Provider provider = new();
        await provider.GetAsync();
        provider.Time.Advance(TimeSpan.FromSeconds(3300));
        provider.Endpoint.Always(TestResponse.Status(HttpStatusCode.InternalServerError));
        int before = provider.Endpoint.Requests.Count;
        for (int second = 0; second < 120; second++)
        {
            await provider.GetAsync();
            await provider.SettleAsync();
            provider.Time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.InRange(provider.Endpoint.Requests.Count - before, 3, 4);
    }

    [Fact]
    [Trait("Req", "R-101")]
    public async Task A_short_token_is_retried_several_times_before_it_expires()
    {
        await using Provider provider = new() { Endpoint = { Lifetime = TimeSpan.FromSeconds(8) } };
        await provider.GetAsync();
        provider.Endpoint.Always(request => request.Number < 3 ? TestResponse.Status(HttpStatusCode.BadGateway) : TestResponse.Token());
        for (int step = 0; step < 79; step++)
        {
            provider.Time.Advance(TimeSpan.FromMilliseconds(100));
            await provider.GetAsync();
            await provider.SettleAsync();
        }

        Assert.Equal("token-2", await provider.GetAsync());
    }

    [Fact]
    [Trait("Req", "R-102")]
    public async Task Without_use_nothing_is_requested()
    {
        await using Provider provider = new();
        await provider.GetAsync();
        provider.Time.Advance(TimeSpan.FromHours(2));
        await provider.SettleAsync();
        Assert.Single(provider.Endpoint.Requests);
    }

    [Fact]
    [Trait("Req", "R-314")]
    public async Task A_server_that_repeats_its_token_is_not_asked_in_a_loop()
    {
        await using Provider provider = new();
        DateTimeOffset end = provider.Time.GetUtcNow() + TimeSpan.FromSeconds(3600);
        provider.Endpoint.Always(TestResponse.Custom(() => Respond.Token("the-one", Math.Floor((end - provider.Time.GetUtcNow()).TotalSeconds))));
        for (int second = 0; second < 3500; second++)
        {
            Assert.Equal("the-one", await provider.GetAsync());
            await provider.SettleAsync();
            provider.Time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.InRange(provider.Endpoint.Requests.Count, 2, 35);
    }

    [Fact]
    [Trait("Req", "R-101")]
    public async Task A_renewal_behind_the_calls_makes_one_attempt_at_a_time()
    {
        await using Provider provider = new(options => options.MaxRetries = 2);
        await provider.GetAsync();
        provider.Endpoint.Always(TestResponse.Unavailable());
        provider.Time.Advance(TimeSpan.FromSeconds(3300));
        for (int second = 0; second < 60; second++)
        {
            Assert.Equal("token-1", await provider.GetAsync());
            await provider.SettleAsync();
            provider.Time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.InRange(provider.Endpoint.Requests.Count - 1, 2, 2);
    }
}
