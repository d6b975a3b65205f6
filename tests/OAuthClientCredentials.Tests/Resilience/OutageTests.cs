using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Caching;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Resilience;

/// <summary>What an outage of one server costs: the server, its clients, and everybody else.</summary>
public sealed class OutageTests
{
    [Fact]
    [Trait("Req", "R-191")]
    public async Task Two_hundred_pods_come_back_one_request_each_and_not_together()
    {
        const int Count = 200;
        Provider[] pods = [.. Enumerable.Range(0, Count).Select(_ => new Provider())];
        foreach (Provider pod in pods)
        {
            pod.Endpoint.Outage();
        }

        await CallEverySecondAsync(pods, seconds: 90);
        int[] during = [.. pods.Select(pod => pod.Endpoint.Requests.Count)];

        // After 1, 2, 4 and then 5 seconds, each up to a quarter longer.
        Assert.All(during, requests => Assert.InRange(requests, 15, 21));
        foreach (Provider pod in pods)
        {
            pod.Endpoint.Recover();
        }

        await CallEverySecondAsync(pods, seconds: 8);
        Assert.All(pods.Zip(during), pod => Assert.Equal(1, pod.First.Endpoint.Requests.Count - pod.Second));
        DateTimeOffset[] back = [.. pods.Select(pod => pod.Endpoint.Requests[^1].At)];
        Assert.InRange((back.Max() - back.Min()).TotalSeconds, 5, 7);
        foreach (Provider pod in pods)
        {
            await pod.DisposeAsync();
        }
    }

    [Fact]
    [Trait("Req", "R-191")]
    public async Task However_many_callers_wait_out_an_outage_one_probe_is_under_way_at_a_time()
    {
        await using Provider provider = new();
        TaskCompletionSource answer = new();
        provider.Endpoint.Always(TestResponse.Unavailable().After(answer.Task));
        Task<string>[] callers = [.. Enumerable.Range(0, 500).Select(_ => provider.GetAsync())];
        await Eventually.True(() => provider.Endpoint.Requests.Count > 0);
        Assert.Single(provider.Endpoint.Requests);
        answer.SetResult();
        foreach (Task<string> caller in callers)
        {
            await Assert.ThrowsAsync<TokenRequestException>(() => caller);
        }

        Assert.Single(provider.Endpoint.Requests);
    }

    [Fact]
    [Trait("Req", "R-192")]
    public async Task One_server_down_is_nothing_to_the_client_of_another_and_takes_no_valid_token()
    {
        TestTimeProvider time = new();
        TestAuthorizationServer server = new(time);
        ServiceCollection services = new();
        services.AddSingleton<TimeProvider>(time);
        services.AddClientCredentials("down", options => (options.TokenEndpoint, options.ClientId, options.ClientSecret, options.MaxRetries) = ("https://down.example.com/token", "down", "secret", 0));
        services.AddClientCredentials("fine", options => (options.TokenEndpoint, options.ClientId, options.ClientSecret, options.MaxRetries) = ("https://fine.example.com/token", "fine", "secret", 0));
        await using ServiceProvider provider = services.UseTestAuthorizationServer(server).BuildServiceProvider();
        TokenProvider tokens = (TokenProvider)provider.GetRequiredService<ITokenProvider>();
        server.Lifetime = TimeSpan.FromHours(1);
        AccessToken held = await tokens.GetTokenAsync("down");
        server.Always(request => request.ClientId == "down" ? TestResponse.Unavailable() : TestResponse.Token(TimeSpan.FromSeconds(5)));
        TokenRequest other = new() { Scopes = ["never.had"] };
        while (time.GetUtcNow() < held.ExpiresAt)
        {
            await Assert.ThrowsAsync<TokenRequestException>(async () => await tokens.GetTokenAsync("down", other));
            Assert.Equal(held.Value, (await tokens.GetTokenAsync("down")).Value);
            await tokens.GetTokenAsync("fine");
            await Eventually.True(() => !tokens.IsInFlight("down", null) && !tokens.IsInFlight("fine", null));
            time.Advance(TimeSpan.FromSeconds(10));
        }
    }

    [Fact]
    [Trait("Req", "R-194")]
    public async Task A_token_is_used_to_its_last_second_and_not_beyond()
    {
        await using Provider provider = new();
        provider.Endpoint.Lifetime = TimeSpan.FromMinutes(10);
        AccessToken token = await provider.Tokens.GetTokenAsync();
        provider.Endpoint.Always(TestResponse.Unavailable());
        provider.Time.Advance(TimeSpan.FromSeconds(599));
        Assert.Equal(token.Value, await provider.GetAndSettleAsync(requests: 2));
        provider.Time.Advance(TimeSpan.FromSeconds(1));
        await Assert.ThrowsAsync<TokenRequestException>(provider.GetAsync);
    }

    [Theory]
    [Trait("Req", "R-100")]
    [Trait("Req", "R-101")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Ten_seconds_of_a_server_that_fails_or_hangs_cost_three_requests_and_no_call(bool hangs)
    {
        await using Provider provider = new();
        provider.Endpoint.Lifetime = TimeSpan.FromSeconds(300);
        string token = await provider.GetAsync();
        provider.Endpoint.Always(hangs ? TestResponse.Never() : TestResponse.Unavailable());
        provider.Time.Advance(TimeSpan.FromSeconds(271));
        for (int call = 0; call < 100; call++)
        {
            Assert.Equal(token, await provider.GetAsync());
            await Eventually.True(() => hangs ? provider.Endpoint.Requests.Count > 1 : !provider.Tokens.IsInFlight());
            provider.Time.Advance(TimeSpan.FromMilliseconds(100));
        }

        Assert.InRange(provider.Endpoint.Requests.Count - 1, 1, 3);
    }

    private static async Task CallEverySecondAsync(Provider[] pods, int seconds)
    {
        for (int second = 0; second < seconds; second++)
        {
            foreach (Provider pod in pods)
            {
                await TryGetAsync(pod);
                await pod.SettleAsync();
                pod.Time.Advance(TimeSpan.FromSeconds(1));
            }
        }
    }

    private static async Task TryGetAsync(Provider pod)
    {
        try
        {
            await pod.GetAsync();
        }
        catch (TokenRequestException)
        {
            // The outage, or what is remembered of it.
        }
    }
}
