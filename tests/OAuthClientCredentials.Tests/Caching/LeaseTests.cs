using Microsoft.Extensions.Logging;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Caching;

/// <summary>A token that is given out without another thought is looked at again in time, and what failed is told as it is.</summary>
public sealed class LeaseTests
{
    [Fact]
    [Trait("Req", "R-081")]
    public async Task A_token_in_use_is_held_against_the_wall_clock_within_a_second()
    {
        await using Provider provider = new();
        await provider.GetAsync();
        await provider.GetAsync();
        provider.Time.JumpWallClock(TimeSpan.FromHours(2));
        Assert.Equal("token-1", await provider.GetAsync());
        provider.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("token-2", await provider.GetAsync());
    }

    [Theory]
    [Trait("Req", "R-101")]
    [InlineData(143, 0, 6.25)]
    [InlineData(0, 151, 4.25)]
    [InlineData(143, -100, 6.25)]
    public async Task What_is_left_of_the_life_by_either_clock_sets_the_wait(double passed, double jump, double wait)
    {
        await using Provider provider = new() { Endpoint = { Lifetime = TimeSpan.FromSeconds(280) } };
        await provider.GetAsync();
        provider.Time.Advance(TimeSpan.FromSeconds(112 + passed));
        provider.Time.JumpWallClock(TimeSpan.FromSeconds(jump));
        provider.Endpoint.Outage();
        Assert.Equal("token-1", await provider.GetAndSettleAsync(2));
        DateTimeOffset failed = provider.Endpoint.Requests[^1].At;
        for (int step = 0; provider.Endpoint.Requests.Count == 2 && step < 400; step++)
        {
            provider.Time.Advance(TimeSpan.FromMilliseconds(100));
            await provider.GetAsync();
            await provider.SettleAsync();
        }

        Assert.InRange((provider.Endpoint.Requests[^1].At - failed).TotalSeconds, wait, (wait * 1.25) + 1);
    }

    [Fact]
    [Trait("Req", "R-098")]
    [Trait("Req", "R-322")]
    public async Task A_failure_says_when_the_next_attempt_is_and_whether_there_is_a_token()
    {
        using LogLines log = new();
        TestTimeProvider time = new();
        TestAuthorizationServer server = new(time) { Lifetime = TimeSpan.FromSeconds(1000) };
        await using TokenProvider tokens = TokenProvider.Create(
            options => (options.TokenEndpoint, options.ClientId, options.ClientSecret, options.MaxRetries) = (OneClient.Endpoint, "shop", "secret", 0), server.CreateHandler(), time, new LoggerFactory([log]));
        server.Outage();
        TokenRequestException failure = await Assert.ThrowsAsync<TokenRequestException>(async () => await tokens.GetTokenAsync());
        Assert.InRange((failure.NextAttemptAt!.Value - time.GetUtcNow()).TotalSeconds, 1, 1.25);
        await Eventually.True(() => log.Lines.Any(line => line.StartsWith("Error 3 ", StringComparison.Ordinal)));
        server.Recover();
        time.Advance(TimeSpan.FromSeconds(2));
        await tokens.GetTokenAsync();
        server.Outage();
        time.Advance(TimeSpan.FromSeconds(950));
        await tokens.GetTokenAsync();
        await Eventually.True(() => log.Lines.Any(line => line.StartsWith("Warning 2 ", StringComparison.Ordinal)));
        Assert.Single(log.Lines, line => line.StartsWith("Error 3 ", StringComparison.Ordinal));
    }
}
