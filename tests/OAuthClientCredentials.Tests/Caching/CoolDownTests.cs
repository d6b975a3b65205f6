using System.Net;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;
using static OAuthClientCredentials.Tests.Infrastructure.TestProvider;

namespace OAuthClientCredentials.Tests.Caching;

/// <summary>How long nothing is requested after a failure, and what ends the wait.</summary>
public sealed class CoolDownTests
{
    [Fact]
    [Trait("Req", "R-190")]
    [Trait("Req", "R-315")]
    public async Task A_403_without_an_error_code_holds_back_its_own_scope_only()
    {
        await using TestProvider provider = new();
        provider.Server.Always(request =>
            request["scope"] == "admin" ? TestResponse.Status(HttpStatusCode.Forbidden) : TestResponse.Token());
        await provider.FailAsync("", Scope("admin"));
        await provider.GetAsync("", Scope("read"));
        await provider.FailAsync("", Scope("admin"));
        Assert.Equal(2, provider.Server.Requests.Count);
    }

    [Theory]
    [Trait("Req", "R-076")]
    [Trait("Req", "R-190")]
    [InlineData("invalid_client")]
    [InlineData("invalid_scope")]
    public async Task A_permanent_error_is_retried_twice_in_the_first_minute_then_once_a_minute(string error)
    {
        await using TestProvider provider = new();
        provider.Server.Always(TestResponse.Error(error));
        TimeSpan interval = TimeSpan.FromMilliseconds(100);
        await provider.FailEveryAsync(interval, 600, Scope("a"));
        int inFirstMinute = provider.Server.Requests.Count;
        await provider.FailEveryAsync(interval, 5400, Scope("a"));
        Assert.InRange(inFirstMinute, 2, 3);
        Assert.InRange(provider.Server.Requests.Count - inFirstMinute, 7, 9);
        provider.Tokens.Forget("");
        provider.Server.Recover();
        await provider.GetAsync("", Scope("a"));
    }

    [Fact]
    [Trait("Req", "R-190")]
    public async Task A_success_resets_the_cool_down()
    {
        await using TestProvider provider = new() { Server = { Lifetime = TimeSpan.FromSeconds(10) } };
        TestResponse error = TestResponse.Error("invalid_scope");
        provider.Server.Next(error, TestResponse.Token(), error, error, TestResponse.Token(TimeSpan.Zero), error);
        await provider.FailAsync();
        provider.Time.Advance(TimeSpan.FromSeconds(38));
        await provider.GetAsync();
        provider.Time.Advance(TimeSpan.FromSeconds(10));
        Assert.InRange(WaitOf(await provider.FailAsync(), provider), 10, 12.5);
        provider.Time.Advance(TimeSpan.FromSeconds(13));
        Assert.InRange(WaitOf(await provider.FailAsync(), provider), 20, 25);
        provider.Time.Advance(TimeSpan.FromSeconds(76));
        await provider.GetAsync();
        Assert.InRange(WaitOf(await provider.FailAsync(), provider), 10, 12.5);
    }

    [Fact]
    [Trait("Req", "R-049")]
    [Trait("Req", "R-098")]
    [Trait("Req", "R-101")]
    public async Task A_success_resets_the_back_off_even_if_its_token_is_expired_on_arrival()
    {
        await using TestProvider provider = new() { Server = { Lifetime = TimeSpan.FromSeconds(10) } };
        TestResponse error = TestResponse.Unavailable();
        provider.Server.Next(error, error, TestResponse.Token(), error, TestResponse.Token(TimeSpan.Zero), error);
        await provider.FailAsync();
        provider.Time.Advance(TimeSpan.FromSeconds(1.3));
        await provider.FailAsync();
        provider.Time.Advance(TimeSpan.FromSeconds(2.6));
        await provider.GetAsync();
        provider.Time.Advance(TimeSpan.FromSeconds(10));
        Assert.InRange(WaitOf(await provider.FailAsync(), provider), 1, 1.25);
        provider.Time.Advance(TimeSpan.FromSeconds(1.3));
        await provider.GetAsync();
        Assert.InRange(WaitOf(await provider.FailAsync(), provider), 1, 1.25);
        provider.Server.Verify(6);
    }

    [Fact]
    [Trait("Req", "R-190")]
    public async Task The_end_of_a_maintenance_page_is_noticed_within_75_seconds()
    {
        await using TestProvider provider = new();
        provider.Server.Always(TestResponse.Status(HttpStatusCode.OK, "<html>Maintenance</html>", "text/html"));
        await provider.FailEveryAsync(TimeSpan.FromSeconds(1), 900);
        provider.Server.Recover();
        int waited = 0;
        while (await Record.ExceptionAsync(() => provider.GetAsync()) is not null)
        {
            provider.Time.Advance(TimeSpan.FromSeconds(1));
            waited++;
        }

        Assert.InRange(waited, 0, 75);
        Assert.InRange(provider.Server.Requests.Count, 13, 20);
    }

    [Theory]
    [Trait("Req", "R-098")]
    [Trait("Req", "R-190")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_failure_that_was_followed_by_a_success_is_not_thrown_again(bool transient)
    {
        await using TestProvider provider = new() { Server = { Lifetime = TimeSpan.FromSeconds(1000) } };
        await provider.GetAsync();
        provider.Time.Advance(TimeSpan.FromSeconds(910));
        provider.Server.Always(transient ? TestResponse.Unavailable() : TestResponse.Error("invalid_scope"));
        await provider.GetAndSettleAsync(requests: 2);
        provider.Server.Always(TestResponse.SameToken());
        provider.Time.Advance(TimeSpan.FromSeconds(38));
        await provider.GetAndSettleAsync(requests: 3);

        // The server repeats its token until it expires. The machine sleeps for two minutes.
        provider.Server.Recover();
        provider.Time.JumpWallClock(TimeSpan.FromSeconds(120));
        provider.Time.Advance(TimeSpan.FromSeconds(1));
        await provider.GetAsync();
    }

    [Fact]
    [Trait("Req", "R-098")]
    [Trait("Req", "R-314")]
    public async Task A_failure_before_a_repeated_token_is_not_thrown_when_that_token_expires()
    {
        await using TestProvider provider = new() { Server = { Lifetime = TimeSpan.FromSeconds(100) } };
        await provider.GetAsync();
        provider.Time.Advance(TimeSpan.FromSeconds(91));
        provider.Server.Outage();
        await provider.GetAndSettleAsync(requests: 2);
        DateTimeOffset end = provider.Time.GetUtcNow() + TimeSpan.FromSeconds(9);
        provider.Server.Always(request =>
        {
            if (request.At < end)
            {
                return TestResponse.Token(TimeSpan.FromSeconds(Math.Ceiling((end - request.At).TotalSeconds)), "token-1");
            }

            return TestResponse.Token();
        });
        await provider.GetEveryAsync(TimeSpan.FromMilliseconds(10), 1000);
    }

    [Fact]
    [Trait("Req", "R-081")]
    [Trait("Req", "R-101")]
    public async Task The_back_off_of_a_renewal_does_not_outlast_the_token()
    {
        await using TestProvider provider = new() { Server = { Lifetime = TimeSpan.FromHours(10) } };
        await provider.GetAsync();
        provider.Time.Advance(TimeSpan.FromHours(9.2));
        provider.Server.Outage();
        await provider.GetAndSettleAsync(requests: 2);

        // The machine sleeps for an hour, and the network is back.
        provider.Server.Recover();
        provider.Time.JumpWallClock(TimeSpan.FromHours(1));
        provider.Time.Advance(TimeSpan.FromSeconds(2));
        await provider.GetAsync();
    }

    [Fact]
    [Trait("Req", "R-065")]
    public async Task A_wait_that_passed_while_the_machine_slept_is_over()
    {
        await using TestProvider provider = new();
        provider.Server.Next(TestResponse.Unavailable(TimeSpan.FromSeconds(60)));
        TokenRequestException failure = await provider.FailAsync();
        provider.Time.JumpWallClock(TimeSpan.FromHours(1));
        Assert.True(provider.Time.GetUtcNow() > failure.NextAttemptAt);
        Assert.Equal("token-1", await provider.GetAsync());
    }

    private static double WaitOf(TokenRequestException failure, TestProvider provider) =>
        (failure.NextAttemptAt - provider.Time.GetUtcNow())!.Value.TotalSeconds;
}
