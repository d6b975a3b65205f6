using Microsoft.Extensions.Logging;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Caching;

/// <summary>When a token is renewed, and what happens when that goes slowly or wrong.</summary>
public sealed class RenewalTests
{
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
        await using Provider provider = new();
        provider.Endpoint.Lifetime = TimeSpan.FromSeconds(seconds);
        for (int call = 0; call < 1000; call++)
        {
            await provider.GetAsync();
            await provider.SettleAsync();
            provider.Time.Advance(TimeSpan.FromSeconds(seconds / 50.0));
        }

        // Twenty lifetimes.
        Assert.InRange(provider.Endpoint.Requests.Count, 20, 27);
    }

    [Fact]
    [Trait("Req", "R-083")]
    public async Task A_token_of_an_hour_is_requested_once_in_130_seconds()
    {
        await using Provider provider = new();
        for (int second = 0; second < 130; second++)
        {
            await provider.GetAsync();
            provider.Time.Advance(TimeSpan.FromSeconds(1));
        }

        provider.Endpoint.Verify(1);
    }

    [Fact]
    [Trait("Req", "R-081")]
    public async Task It_is_due_too_when_only_the_wall_clock_says_so()
    {
        await using Provider provider = new();
        provider.Endpoint.Lifetime = TimeSpan.FromSeconds(100);
        await provider.GetAsync();
        provider.Time.JumpWallClock(TimeSpan.FromSeconds(95));
        provider.Time.Advance(TimeSpan.FromSeconds(2));
        await provider.GetAndSettleAsync(requests: 2);
    }

    [Fact]
    [Trait("Req", "R-084")]
    public async Task A_slow_server_is_asked_earlier_but_not_before_half_the_life()
    {
        await using Provider provider = new();
        provider.Endpoint.Lifetime = TimeSpan.FromSeconds(20);
        provider.Endpoint.Next(TestResponse.Token().After(TimeSpan.FromSeconds(8)));
        Task<string> first = provider.GetAsync();
        await Eventually.True(() => provider.Endpoint.Requests.Count == 1);
        while (!first.IsCompleted)
        {
            provider.Time.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(1);
        }

        DateTimeOffset sent = provider.Endpoint.Requests[0].At;
        provider.Time.Advance(sent + TimeSpan.FromSeconds(9.9) - provider.Time.GetUtcNow());
        await provider.GetAsync();
        await provider.SettleAsync();
        provider.Endpoint.Verify(1);
        provider.Time.Advance(TimeSpan.FromSeconds(0.2));
        await provider.GetAndSettleAsync(requests: 2);
    }

    [Fact]
    [Trait("Req", "R-101")]
    public async Task A_renewal_that_fails_after_its_token_expired_delays_nobody()
    {
        await using Provider provider = new();
        provider.Endpoint.Lifetime = TimeSpan.FromSeconds(100);
        await provider.GetAsync();
        TaskCompletionSource open = new();
        provider.Endpoint.Always(TestResponse.Unavailable().After(open.Task));
        provider.Time.Advance(TimeSpan.FromSeconds(95));
        await provider.GetAsync();
        await Eventually.True(() => provider.Endpoint.Requests.Count == 2);
        provider.Time.Advance(TimeSpan.FromSeconds(6));
        open.SetResult();
        await provider.SettleAsync();
        await Assert.ThrowsAsync<TokenRequestException>(provider.GetAsync);
        provider.Endpoint.Verify(3);
        provider.Time.Advance(TimeSpan.FromSeconds(0.7));
        await Assert.ThrowsAsync<TokenRequestException>(provider.GetAsync);
        provider.Endpoint.Verify(3);
    }

    [Fact]
    [Trait("Req", "R-322")]
    public async Task The_log_has_one_line_a_renewal_that_says_why()
    {
        LogLines log = new();
        TestAuthorizationServer server = new(new TestTimeProvider()) { Lifetime = TimeSpan.FromSeconds(100) };
        TestTimeProvider time = (TestTimeProvider)server.TimeProvider;
        using ILoggerFactory factory = LoggerFactory.Create(logging => logging.SetMinimumLevel(LogLevel.Information).AddProvider(log));
        await using TokenProvider tokens = TokenProvider.Create(
            options => (options.TokenEndpoint, options.ClientId, options.ClientSecret, options.MaxRetries) = (OneClient.Endpoint, "shop", "secret", 0), server.CreateHandler(), time, factory);
        foreach ((int pause, int count) in new[] { (0, 1), (95, 2), (150, 3) })
        {
            time.Advance(TimeSpan.FromSeconds(pause));
            await tokens.GetTokenAsync();

            // A line is written after the waiters were told.
            await Eventually.True(() => log.Lines.Count(line => line.StartsWith("Information", StringComparison.Ordinal)) == count);
        }

        string[] lines = [.. log.Lines.Where(line => line.StartsWith("Information", StringComparison.Ordinal))];
        Assert.Contains("NoToken", lines[0], StringComparison.Ordinal);
        Assert.Contains("Due", lines[1], StringComparison.Ordinal);
        Assert.Contains("NoToken", lines[2], StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-101")]
    public async Task A_renewal_that_hangs_beyond_the_end_of_the_token_is_tried_again_for_those_who_wait_by_then()
    {
        await using Provider provider = new(options => options.MaxRetries = 2) { Endpoint = { Lifetime = TimeSpan.FromSeconds(12) } };
        await provider.GetAsync();
        provider.Endpoint.Next(TestResponse.Never());
        provider.Time.Advance(TimeSpan.FromSeconds(11));
        Assert.Equal("token-1", await provider.GetAsync());
        await Eventually.True(() => provider.Endpoint.Requests.Count == 2);
        provider.Time.Advance(TimeSpan.FromSeconds(2));
        Task<string> waiting = provider.GetAsync();
        Assert.False(waiting.IsCompleted);
        while (!waiting.IsCompleted)
        {
            provider.Time.Advance(TimeSpan.FromMilliseconds(250));
            await Task.Yield();
        }

        Assert.Equal("token-2", await waiting);
        Assert.Equal(3, provider.Endpoint.Requests.Count);
    }
}
