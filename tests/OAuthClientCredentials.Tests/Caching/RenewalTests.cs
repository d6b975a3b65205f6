using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Caching;

/// <summary>When a token is renewed, what a slow or failed renewal does, and which new tokens replace the cached one.</summary>
public sealed class RenewalTests
{
    [Fact]
    [Trait("Req", "R-081")]
    public async Task A_renewal_is_due_by_the_wall_clock_alone()
    {
        await using TestProvider provider = new() { Server = { Lifetime = TimeSpan.FromSeconds(100) } };
        await provider.GetAsync();
        provider.Time.JumpWallClock(TimeSpan.FromSeconds(95));
        provider.Time.Advance(TimeSpan.FromSeconds(2));
        await provider.GetAndSettleAsync(requests: 2);
    }

    [Fact]
    [Trait("Req", "R-084")]
    public async Task A_token_of_a_slow_server_is_renewed_earlier_but_not_before_half_its_lifetime()
    {
        await using TestProvider provider = new() { Server = { Lifetime = TimeSpan.FromSeconds(20) } };
        provider.Server.Next(TestResponse.Token().After(TimeSpan.FromSeconds(8)));
        Task<string> first = provider.GetAsync();
        await Eventually.True(() => provider.Server.Requests.Count == 1);
        await provider.Time.AdvanceUntilAsync(first, TimeSpan.FromSeconds(0.5));
        DateTimeOffset sent = provider.Server.Requests[0].At;
        provider.Time.Advance(sent + TimeSpan.FromSeconds(9.9) - provider.Time.GetUtcNow());
        await provider.GetAndSettleAsync(requests: 1);
        provider.Time.Advance(TimeSpan.FromSeconds(0.2));
        await provider.GetAndSettleAsync(requests: 2);
    }

    [Fact]
    [Trait("Req", "R-101")]
    public async Task A_renewal_that_fails_after_its_token_expired_delays_nobody()
    {
        await using TestProvider provider = new() { Server = { Lifetime = TimeSpan.FromSeconds(100) } };
        await provider.GetAsync();
        TaskCompletionSource open = new();
        provider.Server.Always(TestResponse.Unavailable().After(open.Task));
        provider.Time.Advance(TimeSpan.FromSeconds(95));
        await provider.GetAsync();
        await Eventually.True(() => provider.Server.Requests.Count == 2);
        provider.Time.Advance(TimeSpan.FromSeconds(6));
        open.SetResult();
        await provider.SettleAsync();
        await provider.FailAsync();
        provider.Server.Verify(3);
        provider.Time.Advance(TimeSpan.FromSeconds(0.7));
        await provider.FailAsync();
        provider.Server.Verify(3);
    }

    [Theory]
    [Trait("Req", "R-101")]
    [InlineData(143, 0, 6.25)]
    [InlineData(0, 151, 4.25)]
    [InlineData(143, -100, 6.25)]
    public async Task The_remaining_life_by_either_clock_sets_the_back_off(double passed, double jump, double wait)
    {
        await using TestProvider provider = new() { Server = { Lifetime = TimeSpan.FromSeconds(280) } };
        await provider.GetAsync();
        provider.Time.Advance(TimeSpan.FromSeconds(112 + passed));
        provider.Time.JumpWallClock(TimeSpan.FromSeconds(jump));
        provider.Server.Outage();
        Assert.Equal("token-1", await provider.GetAndSettleAsync(2));
        DateTimeOffset failed = provider.Server.Requests[^1].At;
        for (int step = 0; provider.Server.Requests.Count == 2 && step < 400; step++)
        {
            provider.Time.Advance(TimeSpan.FromMilliseconds(100));
            await provider.GetAsync();
            await provider.SettleAsync();
        }

        Assert.InRange((provider.Server.Requests[^1].At - failed).TotalSeconds, wait, (wait * 1.25) + 1);
    }

    [Fact]
    [Trait("Req", "R-098")]
    [Trait("Req", "R-322")]
    public async Task The_log_has_one_line_for_each_request_with_its_reason_or_the_next_attempt()
    {
        using LogLines log = new();
        await using TestProvider provider = new(log: log);
        provider.Server.Lifetime = TimeSpan.FromSeconds(1000);
        provider.Server.Outage();
        TokenRequestException failure = await provider.FailAsync();
        Assert.InRange((failure.NextAttemptAt!.Value - provider.Time.GetUtcNow()).TotalSeconds, 1, 1.25);
        await LoggedAsync("Error 3 ", 1);
        provider.Server.Recover();
        provider.Time.Advance(TimeSpan.FromSeconds(2));
        await provider.GetAsync();
        await LoggedAsync("Information 1 ", 1);
        provider.Time.Advance(TimeSpan.FromSeconds(950));
        await provider.GetAsync();
        await LoggedAsync("Information 1 ", 2);
        provider.Server.Outage();
        provider.Time.Advance(TimeSpan.FromSeconds(950));
        await provider.GetAsync();
        await LoggedAsync("Warning 2 ", 1);
        await LoggedAsync("Error 3 ", 1);
        string[] reasons = [.. log.Lines.Where(line => line.StartsWith("Information 1 ", StringComparison.Ordinal))];
        Assert.Contains("no_token", reasons[0], StringComparison.Ordinal);
        Assert.Contains("due", reasons[1], StringComparison.Ordinal);

        // A line is written after the waiters got their result.
        Task LoggedAsync(string start, int count) =>
            Eventually.True(() => log.Lines.Count(line => line.StartsWith(start, StringComparison.Ordinal)) == count);
    }

    [Fact]
    [Trait("Req", "R-314")]
    public async Task A_new_token_that_expires_no_later_replaces_none()
    {
        await using TestProvider provider = new() { Server = { Lifetime = TimeSpan.FromSeconds(1000) } };
        await provider.GetAsync();
        await RenewAsync(910, lifetime: 90, requests: 2);
        Assert.Equal("token-1", await provider.GetAsync());
        await RenewAsync(29, lifetime: 90, requests: 2);
        await RenewAsync(9, lifetime: 20, requests: 3);
        Assert.Equal("token-1", await provider.GetAsync());
        await RenewAsync(38, lifetime: 1000, requests: 4);
        Assert.Equal("token-4", await provider.GetAsync());

        async Task RenewAsync(int seconds, int lifetime, int requests)
        {
            provider.Server.Lifetime = TimeSpan.FromSeconds(lifetime);
            provider.Time.Advance(TimeSpan.FromSeconds(seconds));
            Assert.Equal("token-1", await provider.GetAndSettleAsync(requests));
        }
    }

    [Theory]
    [Trait("Req", "R-314")]
    [InlineData(0)]
    [InlineData(-7200)]
    [InlineData(1800)]
    public async Task The_same_token_with_a_later_expiry_is_a_renewal_and_nobody_waits(int jump)
    {
        await using TestProvider provider = new() { Server = { Lifetime = TimeSpan.FromSeconds(100) } };
        provider.Server.Always(TestResponse.Token(value: "same"));
        await provider.GetAsync();
        for (int second = 0; second < 1000; second++)
        {
            provider.Time.Advance(TimeSpan.FromSeconds(1));
            if (second == 500)
            {
                provider.Time.JumpWallClock(TimeSpan.FromSeconds(jump));
                await provider.GetAsync();
            }

            ValueTask<AccessToken> call = provider.Tokens.GetTokenAsync();
            Assert.True(call.IsCompletedSuccessfully, $"the call of second {second} waited");
            await call;
            await provider.SettleAsync();
        }

        Assert.InRange(provider.Server.Requests.Count, 10, 16);
    }

    [Theory]
    [Trait("Req", "R-314")]
    [InlineData(0, 3400, 35)]
    [InlineData(-7200, 60, 5)]
    [InlineData(3400, 60, 5)]
    public async Task The_same_token_with_the_same_expiry_is_rarely_requested_again(int jump, int seconds, int max)
    {
        await using TestProvider provider = new();
        DateTimeOffset end = provider.Time.GetUtcNow() + TimeSpan.FromSeconds(3600);
        provider.Server.Always(request =>
            TestResponse.Token(TimeSpan.FromSeconds(Math.Ceiling((end - request.At).TotalSeconds)), "same"));
        await provider.GetAsync();
        provider.Time.Advance(TimeSpan.FromSeconds(101));
        provider.Time.JumpWallClock(TimeSpan.FromSeconds(jump));
        end += TimeSpan.FromSeconds(jump);
        await provider.GetEveryAsync(TimeSpan.FromSeconds(1), seconds);
        Assert.Equal("same", await provider.GetAsync());
        Assert.InRange(provider.Server.Requests.Count, 1, max);
    }
}
