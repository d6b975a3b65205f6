using System.Diagnostics;
using System.Net;
using OAuthClientCredentials.IntegrationTests.Canaries;

namespace OAuthClientCredentials.IntegrationTests;

/// <summary>The Quickstart's OpenIddict server and API over real sockets.</summary>
public sealed class OpenIddictTests : CanaryTests
{
    [Theory]
    [Trait("Req", "R-020")]
    [Trait("Req", "R-021")]
    [Trait("Req", "R-180")]
    [InlineData("client_secret_basic", true, Canary.Marker)]
    [InlineData("client_secret_basic", true, Canary.Marker + "s p:a+c%e/\u00e9=&?\u20ac")]
    [InlineData("client_secret_basic", false, Canary.Marker)]
    [InlineData("client_secret_post", true, Canary.Marker + "s p:a+c%e/\u00e9=&?\u20ac")]
    [InlineData("client_secret_post", false, Canary.Marker)]
    public async Task The_API_accepts_the_token(string method, bool discovers, string secret)
    {
        await using QuickstartHost host = await QuickstartHost.StartAsync(secret);
        ServiceProvider application = host.Register(options =>
        {
            options.AuthenticationMethod = method;
            options.Authority = discovers ? options.Authority : null;
            options.TokenEndpoint = discovers ? null : host.TokenEndpoint;
        });
        Assert.Equal("42 orders", await QuickstartHost.CallAsync(application));
        Assert.Equal("42 orders", await QuickstartHost.CallAsync(application));
        Assert.Equal(1, host.Server.TokenRequests);
    }

    [Theory]
    [Trait("Req", "R-024")]
    [Trait("Req", "R-060")]
    [Trait("Req", "R-067")]
    [InlineData("client_secret_basic")]
    [InlineData("client_secret_post")]
    public async Task A_wrong_secret_is_sent_once_and_never_quoted(string method)
    {
        await using QuickstartHost host = await QuickstartHost.StartAsync();
        ServiceProvider application = host.Register(options =>
            (options.AuthenticationMethod, options.ClientSecret) = (method, Canary.Marker + "wrong"));
        TokenRequestException exception = await QuickstartHost.FailAsync(application);
        Assert.Equal(("orders", "invalid_client", false), (exception.ClientName, exception.Error, exception.IsTransient));
        Assert.Equal(HttpStatusCode.Unauthorized, exception.StatusCode);
        Assert.Contains("ClientCredentials:orders:ClientId", exception.Message, StringComparison.Ordinal);
        Assert.Contains(method, exception.Message, StringComparison.Ordinal);
        await QuickstartHost.FailAsync(application);
        Assert.Equal((1, 0), (host.Server.TokenRequests, host.Api.Calls));
        Assert.DoesNotContain("canary", exception + host.Log, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    [Trait("Req", "R-053")]
    [Trait("Req", "R-063")]
    public async Task Scopes_are_granted_or_refused()
    {
        await using QuickstartHost host = await QuickstartHost.StartAsync();
        ServiceProvider application = host.Register(options => options.Scopes = ["orders.read"]);
        AccessToken token = await application.GetRequiredService<ITokenProvider>().GetTokenAsync("orders");
        Assert.Equal(["orders.read"], token.Scopes);
        TokenRequestException exception = await QuickstartHost.FailAsync(host.Register(options => options.Scopes = ["orders.burn"]));
        Assert.Equal(("invalid_scope", false, 1), (exception.Error, exception.IsTransient, exception.Attempts));
        Assert.Contains("ClientCredentials:orders:Scopes", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-116")]
    [Trait("Req", "R-117")]
    public async Task A_revoked_token_is_renewed_once_for_all_calls()
    {
        await using QuickstartHost host = await QuickstartHost.StartAsync();
        ServiceProvider application = host.Register();
        await QuickstartHost.CallAsync(application);
        await host.Api.RevokeTokensAsync("shop");
        string[] responses = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => QuickstartHost.CallAsync(application)));
        Assert.All(responses, response => Assert.Equal("42 orders", response));
        Assert.Equal(2, host.Server.TokenRequests);
    }

    [Fact]
    [Trait("Req", "R-100")]
    public async Task Calls_succeed_while_the_server_is_down_and_renewals_resume()
    {
        await using QuickstartHost host = await QuickstartHost.StartAsync(lifetimeSeconds: 9);
        ServiceProvider application = host.Register();

        // From here the token is valid for eight seconds, however long the server takes to stop.
        long start = Stopwatch.GetTimestamp();
        await QuickstartHost.CallAsync(application);
        await host.Server.StopAsync();
        int calls = 0;
        while (Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(7.2))
        {
            Assert.Equal("42 orders", await QuickstartHost.CallAsync(application));
            calls++;
            await Task.Delay(20);
        }

        await host.Server.StartAsync();
        while (host.Server.TokenRequests < 2)
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(30), "The renewal did not come.");
            await Task.Delay(50);
            await Record.ExceptionAsync(() => QuickstartHost.CallAsync(application));
        }

        Assert.Equal("42 orders", await QuickstartHost.CallAsync(application));
        Assert.InRange(calls, 50, 1000);
    }
}
