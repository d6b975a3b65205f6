using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Caching;

/// <summary>What the cache and a token request keep in memory.</summary>
[Collection(nameof(Alone))]
public sealed class CacheMemoryTests
{
    [Fact]
    [Trait("Req", "R-302")]
    public async Task A_source_takes_at_most_700_bytes_beside_the_text_of_its_token()
    {
        const int Count = 9_000;
        int issued = 0;

        // Not the test server, which keeps what it issued: that would be measured too.
        StubHandler handler = new(_ => Respond.Token($"{Interlocked.Increment(ref issued):D800}", 3600));
        await using TestProvider provider = new(handler: handler);
        TokenRequest[] requests = [.. Enumerable.Range(0, Count).Select(number => new TokenRequest { Audience = $"{number}" })];
        await provider.GetAsync();
        long before = await SettledMemoryAsync();
        foreach (TokenRequest request in requests)
        {
            await provider.GetAsync("", request);
        }

        long bytes = (await SettledMemoryAsync() - before) / Count;

        // 800 characters as a string, which the header shares.
        const int Token = 22 + (2 * 800);
        Assert.InRange(bytes - Token, 100, 700);
        GC.KeepAlive(requests);
    }

    [Theory]
    [Trait("Req", "R-097")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task RequestTokenAsync_leaves_nothing_behind_at_a_cancellation_token_that_lives_on(bool isCancellable)
    {
        const int Calls = 4000;
        using CancellationTokenSource application = new();
        CancellationToken cancellation = isCancellable ? application.Token : CancellationToken.None;
        await using TestTokenClient client = new(handler: new StubHandler(_ => Respond.Token("token", 3600)));
        await RequestAsync(500);
        long before = await SettledMemoryAsync();
        await RequestAsync(Calls);
        long each = (await SettledMemoryAsync() - before) / Calls;
        Assert.True(each < 50, $"each call leaves {each} bytes behind");

        async Task RequestAsync(int calls)
        {
            for (int call = 0; call < calls; call++)
            {
                await client.Tokens.RequestTokenAsync(cancellationToken: cancellation);
            }
        }
    }

    // What earlier tests left behind is released only when its timers and finalizers have run.
    private static async Task<long> SettledMemoryAsync()
    {
        long memory = GC.GetTotalMemory(forceFullCollection: true);
        for (int round = 0; round < 20; round++)
        {
            await Task.Delay(50);
            GC.WaitForPendingFinalizers();
            long former = memory;
            memory = GC.GetTotalMemory(forceFullCollection: true);
            if (Math.Abs(former - memory) < 20_000)
            {
                break;
            }
        }

        return memory;
    }
}
