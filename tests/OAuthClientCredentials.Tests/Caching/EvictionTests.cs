using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Caching;

/// <summary>Who goes when the ten-thousandth and first source comes.</summary>
public sealed class EvictionTests
{
    private const int Max = 10_000;

    [Fact]
    [Trait("Req", "R-076")]
    public async Task A_tenth_goes_those_first_that_were_not_used_for_longest()
    {
        await using Provider provider = new();
        await FillAsync(provider, 0, Max);
        await provider.Tokens.GetTokenAsync(request: Request(0));
        await FillAsync(provider, Max, 1);
        Assert.InRange(provider.Tokens.SourceCount(), (Max * 9 / 10) + 1, (Max * 9 / 10) + 2);
        Assert.False(await CostsRequestAsync(provider, 0));
        Assert.False(await CostsRequestAsync(provider, Max - 1));
        Assert.True(await CostsRequestAsync(provider, 1));
    }

    [Fact]
    [Trait("Req", "R-076")]
    public async Task Expired_ones_go_before_those_that_live_however_long_unused()
    {
        await using Provider provider = new();
        await FillAsync(provider, 0, Max / 2);
        provider.Endpoint.Lifetime = TimeSpan.FromSeconds(20);
        await FillAsync(provider, Max / 2, Max / 2);
        provider.Time.Advance(TimeSpan.FromSeconds(40));
        await FillAsync(provider, Max, 1);
        Assert.False(await CostsRequestAsync(provider, 0));
        Assert.InRange(provider.Tokens.SourceCount(), (Max * 9 / 10) + 1, (Max * 9 / 10) + 2);
    }

    [Fact]
    [Trait("Req", "R-076")]
    public async Task One_that_somebody_waits_for_stays()
    {
        await using Provider provider = new();
        TaskCompletionSource open = new();
        provider.Endpoint.Next(TestResponse.Token().After(open.Task));
        Task<AccessToken> waiting = provider.Tokens.GetTokenAsync(request: Request(0)).AsTask();
        await Eventually.True(() => provider.Endpoint.Requests.Count == 1);
        await FillAsync(provider, 1, Max);
        open.SetResult();
        await waiting;
        Assert.False(await CostsRequestAsync(provider, 0));
    }

    private static TokenRequest Request(int number) => new() { Scopes = [$"scope-{number}"] };

    private static async Task FillAsync(Provider provider, int from, int count)
    {
        for (int number = from; number < from + count; number++)
        {
            await provider.Tokens.GetTokenAsync(request: Request(number));
            provider.Time.Advance(TimeSpan.FromTicks(10));
        }
    }

    private static async Task<bool> CostsRequestAsync(Provider provider, int number)
    {
        int before = provider.Endpoint.Requests.Count;
        await provider.Tokens.GetTokenAsync(request: Request(number));
        return provider.Endpoint.Requests.Count > before;
    }
}
