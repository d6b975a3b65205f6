using System.Net;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Caching;

/// <summary>How long a token is used, and how often it is renewed.</summary>
public sealed class LifetimeTests
{
    [Theory]
    [Trait("Req", "R-081")]
    [InlineData(-3600, 3600)]
    [InlineData(-10, 3600)]
    [InlineData(1800, 1800)]
    [InlineData(7200, 1)]
    [InlineData(100_000.0 * 86_400, 1)]
    public async Task A_token_expires_when_either_clock_says_so(double jump, double passed)
    {
        await using TestProvider provider = new();
        await provider.GetAsync();
        provider.Time.JumpWallClock(TimeSpan.FromSeconds(jump));
        provider.Time.Advance(TimeSpan.FromSeconds(passed));
        Assert.Equal("token-2", await provider.GetAsync());
        Assert.Equal("token-2", await provider.GetAsync());
    }

    [Fact]
    [Trait("Req", "R-081")]
    public async Task A_cached_token_is_compared_with_the_wall_clock_within_a_second()
    {
        await using TestProvider provider = new();
        await provider.GetAsync();
        await provider.GetAsync();
        provider.Time.JumpWallClock(TimeSpan.FromHours(2));
        Assert.Equal("token-1", await provider.GetAsync());
        provider.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("token-2", await provider.GetAsync());
    }

    [Theory]
    [Trait("Req", "R-049")]
    [InlineData(0)]
    [InlineData(-5)]
    public async Task A_token_that_is_expired_on_arrival_is_not_cached(double lifetime)
    {
        await using TestProvider provider = new() { Server = { Lifetime = TimeSpan.FromSeconds(lifetime) } };
        string[] tokens = [await provider.GetAsync(), await provider.GetAsync(), await provider.GetAsync()];
        Assert.Equal(["token-1", "token-2", "token-3"], tokens);
    }

    [Fact]
    [Trait("Req", "R-050")]
    public async Task A_token_without_expires_in_is_used_for_five_minutes()
    {
        await using TestProvider provider = new();
        provider.Server.Always(TestResponse.TokenWithoutLifetime());
        await provider.GetAsync();
        provider.Time.Advance(TimeSpan.FromSeconds(200));
        Assert.Equal("token-1", await provider.GetAsync());
        provider.Time.Advance(TimeSpan.FromSeconds(101));
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
    public async Task A_token_of_any_lifetime_is_used_for_three_quarters_of_it(int seconds)
    {
        await using TestProvider provider = new() { Server = { Lifetime = TimeSpan.FromSeconds(seconds) } };
        await provider.GetEveryAsync(TimeSpan.FromSeconds(seconds / 50.0), 1000);

        // Twenty lifetimes.
        Assert.InRange(provider.Server.Requests.Count, 20, 27);
    }

    // The due time is drawn once per token. Drawn at each call, it would be early on average.
    [Fact]
    [Trait("Req", "R-084")]
    public async Task Processes_renew_at_different_times()
    {
        List<double> shares = [];
        for (int process = 0; process < 200; process++)
        {
            await using TestProvider provider = new() { Server = { Lifetime = TimeSpan.FromSeconds(1000) } };
            await provider.GetAsync();
            int seconds = 740;
            provider.Time.Advance(TimeSpan.FromSeconds(seconds));
            while (provider.Server.Requests.Count == 1 && !provider.Tokens.IsInFlight())
            {
                provider.Time.Advance(TimeSpan.FromSeconds(5));
                seconds += 5;
                await provider.GetAsync();
            }

            shares.Add(seconds / 1000.0);
        }

        Assert.InRange(shares.Min(), 0.745, 0.80);
        Assert.InRange(shares.Max(), 0.86, 0.91);
        Assert.InRange(shares.Average(), 0.805, 0.85);
    }

    [Fact]
    [Trait("Req", "R-085")]
    public async Task A_token_of_sixty_days_is_used_for_as_long_as_MaxLifetime_allows()
    {
        await using TestProvider provider = new(options => options.MaxLifetime = TimeSpan.FromDays(90));
        provider.Server.Lifetime = TimeSpan.FromDays(60);
        await provider.GetAsync();
        provider.Time.Advance(TimeSpan.FromDays(40));
        Assert.Equal("token-1", await provider.GetAsync());
        provider.Time.Advance(TimeSpan.FromDays(20));
        Assert.Equal("token-2", await provider.GetAsync());
    }

    [Theory]
    [Trait("Req", "R-368")]
    [InlineData(24 * 60, true)]
    [InlineData(60, false)]
    public async Task A_lifetime_that_MaxLifetime_reduces_is_logged_once(int minutes, bool isLogged)
    {
        using LogLines log = new();
        await using TestProvider provider = new(options => options.MaxLifetime = TimeSpan.FromHours(1), log: log);
        provider.Server.Lifetime = TimeSpan.FromMinutes(minutes);
        for (int token = 1; token <= 3; token++)
        {
            Assert.Equal($"token-{token}", await provider.GetAsync());
            provider.Time.Advance(TimeSpan.FromHours(1));
        }

        string[] lines = [.. log.Lines.Where(line => line.StartsWith("Information 17 ", StringComparison.Ordinal))];
        Assert.Equal(isLogged ? 1 : 0, lines.Length);
        Assert.All(lines, line => Assert.Contains("01:00:00", line, StringComparison.Ordinal));
    }

    [Fact]
    [Trait("Req", "R-100")]
    public async Task Callers_get_the_cached_token_at_once_while_it_is_renewed()
    {
        await using TestProvider provider = new();
        await provider.GetAsync();
        TaskCompletionSource open = new();
        provider.Server.Always(TestResponse.Token().After(open.Task));
        provider.Time.Advance(TimeSpan.FromSeconds(3300));
        ValueTask<AccessToken> during = provider.Tokens.GetTokenAsync();
        Assert.True(during.IsCompletedSuccessfully);
        Assert.Equal("token-1", (await during).Value);
        await Eventually.True(() => provider.Server.Requests.Count == 2);
        open.SetResult();
        await provider.SettleAsync();
        Assert.Equal("token-2", await provider.GetAsync());
        Assert.Equal(2, provider.Server.Requests.Count);
    }

    [Fact]
    [Trait("Req", "R-100")]
    [Trait("Req", "R-194")]
    public async Task No_call_fails_during_an_outage_before_the_token_expires()
    {
        await using TestProvider provider = new();
        await provider.GetAsync();
        provider.Server.Always(TestResponse.Unavailable());
        await provider.GetEveryAsync(TimeSpan.FromSeconds(1), 3600);
        await provider.FailAsync();
        provider.Server.Recover();
        provider.Time.Advance(TimeSpan.FromSeconds(60));
        Assert.StartsWith("token-", await provider.GetAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Req", "R-101")]
    [InlineData(3300, 120, 3, 4)]
    [InlineData(3540, 59, 1, 3)]
    public async Task A_failing_renewal_is_retried_at_most_twice_a_minute(int age, int seconds, int min, int max)
    {
        await using TestProvider provider = new();
        await provider.GetAsync();
        provider.Time.Advance(TimeSpan.FromSeconds(age));
        provider.Server.Always(TestResponse.Status(HttpStatusCode.InternalServerError));
        await provider.GetEveryAsync(TimeSpan.FromSeconds(1), seconds);
        Assert.InRange(provider.Server.Requests.Count - 1, min, max);
    }

    [Fact]
    [Trait("Req", "R-101")]
    public async Task A_token_of_eight_seconds_has_several_retries_before_it_expires()
    {
        await using TestProvider provider = new() { Server = { Lifetime = TimeSpan.FromSeconds(8) } };
        await provider.GetAsync();
        provider.Server.Next(TestResponse.Unavailable());
        await provider.GetEveryAsync(TimeSpan.FromMilliseconds(100), 79);
        Assert.Equal("token-2", await provider.GetAsync());
    }

    [Fact]
    [Trait("Req", "R-102")]
    public async Task A_token_that_nobody_uses_is_not_renewed()
    {
        await using TestProvider provider = new();
        await provider.GetAsync();
        provider.Time.Advance(TimeSpan.FromHours(2));
        await provider.SettleAsync();
        Assert.Single(provider.Server.Requests);
    }

    [Fact]
    [Trait("Req", "R-082")]
    public async Task The_monotonic_clock_may_be_below_zero()
    {
        NegativeClock clock = new();
        await using TestProvider provider = new(server: new(clock));
        await provider.GetAsync();
        clock.Time.Advance(TimeSpan.FromSeconds(3300));
        await provider.GetAndSettleAsync(requests: 2);
        await provider.Tokens.RenewTokenAsync(await provider.Tokens.GetTokenAsync());
        await provider.SettleAsync();
        Assert.Equal(3, provider.Server.Requests.Count);
    }

    private sealed class NegativeClock : TimeProvider
    {
        public TestTimeProvider Time { get; } = new();

        public override long TimestampFrequency => Time.TimestampFrequency;

        public override long GetTimestamp() => Time.GetTimestamp() - (TimeSpan.TicksPerDay * 1000);

        public override DateTimeOffset GetUtcNow() => Time.GetUtcNow();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            Time.CreateTimer(callback, state, dueTime, period);
    }
}
