using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;
using static OAuthClientCredentials.Tests.Infrastructure.TestProvider;

namespace OAuthClientCredentials.Tests.Resilience;

/// <summary>What an outage costs the server, its clients and other clients.</summary>
public sealed class OutageTests
{
    [Fact]
    [Trait("Req", "R-191")]
    public async Task After_an_outage_two_hundred_processes_send_one_request_each_at_different_times()
    {
        const int Count = 200;
        TestProvider[] processes = [.. Enumerable.Range(0, Count).Select(_ => new TestProvider())];
        foreach (TestProvider process in processes)
        {
            process.Server.Outage();
        }

        await CallEverySecondAsync(processes, seconds: 90);
        int[] during = [.. processes.Select(process => process.Server.Requests.Count)];

        // After 1, 2, 4 and then 5 seconds, each up to a quarter longer.
        Assert.All(during, requests => Assert.InRange(requests, 15, 21));
        foreach (TestProvider process in processes)
        {
            process.Server.Recover();
        }

        await CallEverySecondAsync(processes, seconds: 8);
        Assert.All(processes.Zip(during), process => Assert.Equal(1, process.First.Server.Requests.Count - process.Second));
        DateTimeOffset[] back = [.. processes.Select(process => process.Server.Requests[^1].At)];
        Assert.InRange((back.Max() - back.Min()).TotalSeconds, 5, 7);
        foreach (TestProvider process in processes)
        {
            await process.DisposeAsync();
        }
    }

    [Fact]
    [Trait("Req", "R-192")]
    public async Task An_outage_of_one_server_affects_neither_other_clients_nor_valid_tokens()
    {
        await using TestProvider provider = WithClients(
            null,
            ("down", options => options.TokenEndpoint = "https://down.example.com/token"),
            ("fine", options => options.TokenEndpoint = "https://fine.example.com/token"));
        AccessToken cached = await provider.Tokens.GetTokenAsync("down");
        TestResponse fine = TestResponse.Token(TimeSpan.FromSeconds(5));
        provider.Server.Always(request => request.ClientId == "down" ? TestResponse.Unavailable() : fine);
        while (provider.Time.GetUtcNow() < cached.ExpiresAt)
        {
            await provider.FailAsync("down", Scope("never.had"));
            Assert.Equal(cached.Value, await provider.GetAsync("down"));
            await provider.GetAsync("fine");
            await provider.SettleAsync("down");
            await provider.SettleAsync("fine");
            provider.Time.Advance(TimeSpan.FromSeconds(10));
        }
    }

    private static async Task CallEverySecondAsync(TestProvider[] processes, int seconds)
    {
        for (int second = 0; second < seconds; second++)
        {
            foreach (TestProvider process in processes)
            {
                await Record.ExceptionAsync(() => process.GetAsync());
                await process.SettleAsync();
                process.Time.Advance(TimeSpan.FromSeconds(1));
            }
        }
    }
}
