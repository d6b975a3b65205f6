using System.Diagnostics;
using System.Net;
using OAuthClientCredentials.IntegrationTests.Canaries;

namespace OAuthClientCredentials.IntegrationTests;

/// <summary>Against OpenIddict over real sockets: what a fake server would only pretend.</summary>
public sealed class OpenIddictTests : CanaryTests
{
    public static TheoryData<string, bool, string> Ways
    {
        get
        {
            TheoryData<string, bool, string> data = [];
            foreach (string method in new[] { "client_secret_basic", "client_secret_post" })
            {
                foreach (string secret in new[] { Canary.Marker, Canary.Marker + "s p:a+c%e/\u00e9=&?\u20ac" })
                {
                    data.Add(method, true, secret);
                    data.Add(method, false, secret);
                }
            }

            return data;
        }
    }

    [Theory]
    [Trait("Req", "R-020")]
    [Trait("Req", "R-021")]
    [Trait("Req", "R-180")]
    [MemberData(nameof(Ways))]
    public async Task A_token_is_had_and_the_API_takes_it(string method, bool discovers, string secret)
    {
        await using World world = await World.StartAsync(secret);
        ServiceProvider application = world.Register(options =>
        {
            options.AuthenticationMethod = method;
            options.Authority = discovers ? options.Authority : null;
            options.TokenEndpoint = discovers ? null : world.TokenEndpoint;
        });
        Assert.Equal("42 orders", await World.CallAsync(application));
        Assert.Equal("42 orders", await World.CallAsync(application));
        Assert.Equal(1, world.Server.TokenRequests);
    }

    [Theory]
    [Trait("Req", "R-024")]
    [Trait("Req", "R-060")]
    [Trait("Req", "R-067")]
    [InlineData("client_secret_basic")]
    [InlineData("client_secret_post")]
    public async Task A_wrong_secret_is_sent_once_told_clearly_and_never_quoted(string method)
    {
        await using World world = await World.StartAsync();
        ServiceProvider application = world.Register(options => (options.AuthenticationMethod, options.ClientSecret) = (method, Canary.Marker + "wrong"));
        TokenRequestException exception = await World.FailAsync(application);
        Assert.Equal(("orders", "invalid_client", HttpStatusCode.Unauthorized, false), (exception.ClientName, exception.Error, exception.StatusCode, exception.IsTransient));
        Assert.Contains($"Check ClientCredentials:orders:ClientId, the client's credential and AuthenticationMethod (now {method})", exception.Message, StringComparison.Ordinal);
        await World.FailAsync(application);
        Assert.Equal((1, 0), (world.Server.TokenRequests, world.Api.Calls));
        Assert.DoesNotContain("canary", exception + world.Log, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    [Trait("Req", "R-053")]
    [Trait("Req", "R-063")]
    public async Task Scopes_are_granted_or_refused()
    {
        await using World world = await World.StartAsync();
        AccessToken token = await world.Register(options => options.Scopes = ["orders.read"]).GetRequiredService<ITokenProvider>().GetTokenAsync("orders");
        Assert.Equal(["orders.read"], token.Scopes);
        TokenRequestException exception = await World.FailAsync(world.Register(options => options.Scopes = ["orders.burn"]));
        Assert.Equal(("invalid_scope", false, 1), (exception.Error, exception.IsTransient, exception.Attempts));
        Assert.Contains("Check ClientCredentials:orders:Scopes", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-116")]
    [Trait("Req", "R-117")]
    public async Task A_revoked_token_is_renewed_once_for_all_calls()
    {
        await using World world = await World.StartAsync();
        ServiceProvider application = world.Register();
        await World.CallAsync(application);
        await world.Api.RevokeTokensAsync("shop");
        string[] answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => World.CallAsync(application)));
        Assert.All(answers, answer => Assert.Equal("42 orders", answer));
        Assert.Equal(2, world.Server.TokenRequests);
    }

    [Fact]
    [Trait("Req", "R-100")]
    public async Task While_the_server_is_down_calls_go_on_and_it_comes_back_by_itself()
    {
        await using World world = await World.StartAsync(lifetimeSeconds: 9);
        ServiceProvider application = world.Register();

        // From here the token has its eight seconds, however long the server takes to stop.
        long start = Stopwatch.GetTimestamp();
        await World.CallAsync(application);
        await world.Server.StopAsync();
        int calls = 0;
        while (Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(7.2))
        {
            Assert.Equal("42 orders", await World.CallAsync(application));
            calls++;
            await Task.Delay(20);
        }

        await world.Server.StartAsync();
        while (world.Server.TokenRequests < 2)
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(30), "The renewal did not come.");
            await Task.Delay(50);
            await Record.ExceptionAsync(() => World.CallAsync(application));
        }

        Assert.Equal("42 orders", await World.CallAsync(application));
        Assert.InRange(calls, 50, 1000);
    }
}
