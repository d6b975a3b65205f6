using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using OAuthClientCredentials.Clients;
using OAuthClientCredentials.Diagnostics;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;
using static OAuthClientCredentials.Tests.Infrastructure.TestProvider;

namespace OAuthClientCredentials.Tests.Caching;

/// <summary>Which sources are dropped, because there are more than 10,000 or because nobody uses them.</summary>
public sealed class EvictionTests
{
    private const int Max = 10_000;

    [Fact]
    [Trait("Req", "R-076")]
    public async Task A_tenth_of_the_sources_is_evicted_and_the_least_recently_used_first()
    {
        await using TestProvider provider = new();
        await provider.GetAsync();
        await FillAsync(provider, 0, Max);
        await provider.GetAsync("", Numbered(0));
        await FillAsync(provider, Max, 1);
        Assert.InRange(provider.Tokens.SourceCount(), (Max * 9 / 10) + 1, (Max * 9 / 10) + 2);
        Assert.False(await CostsRequestAsync(provider, null));
        Assert.False(await CostsRequestAsync(provider, Numbered(0)));
        Assert.False(await CostsRequestAsync(provider, Numbered(Max - 1)));
        Assert.True(await CostsRequestAsync(provider, Numbered(1)));
    }

    [Fact]
    [Trait("Req", "R-076")]
    public async Task Sources_whose_token_expired_are_evicted_first()
    {
        await using TestProvider provider = new();
        await FillAsync(provider, 0, Max / 2);
        provider.Server.Lifetime = TimeSpan.FromSeconds(20);
        await FillAsync(provider, Max / 2, Max / 2);
        provider.Time.Advance(TimeSpan.FromSeconds(40));
        await FillAsync(provider, Max, 1);
        Assert.False(await CostsRequestAsync(provider, Numbered(0)));
        Assert.InRange(provider.Tokens.SourceCount(), (Max * 9 / 10) + 1, (Max * 9 / 10) + 2);
    }

    [Fact]
    [Trait("Req", "R-076")]
    public async Task A_source_that_a_caller_waits_for_is_not_evicted()
    {
        await using TestProvider provider = new();
        TaskCompletionSource open = new();
        provider.Server.Next(TestResponse.Token().After(open.Task));
        Task<string> waiting = provider.GetAsync("", Numbered(0));
        await Eventually.True(() => provider.Server.Requests.Count == 1);
        await FillAsync(provider, 1, Max);
        open.SetResult();
        await waiting;
        Assert.False(await CostsRequestAsync(provider, Numbered(0)));
    }

    [Theory]
    [Trait("Req", "R-065")]
    [Trait("Req", "R-190")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_eviction_ends_no_cool_down_while_other_sources_can_be_dropped(bool permanent)
    {
        TestResponse error = permanent ? TestResponse.Error("invalid_scope") : TestResponse.TooManyRequests(TimeSpan.FromSeconds(60));
        await using TestProvider provider = new();
        provider.Server.Lifetime = TimeSpan.FromSeconds(2);
        provider.Server.Always(request => request["scope"] == "bad" ? error : TestResponse.Token());
        await using TokenProvider tokens = new(
            provider.Services.GetRequiredService<ClientSettingsProvider>(),
            provider.Services.GetRequiredService<TokenClient>().RequestAsync,
            provider.Services.GetRequiredService<TokenClient>().RevokeAsync,
            provider.Time,
            NullLogger.Instance,
            new Telemetry(null),
            maxSources: 10);
        for (int round = 0; round < 3; round++)
        {
            await Record.ExceptionAsync(() => tokens.GetTokenAsync("", Scope("bad")).AsTask());
            for (int number = 0; number < 8; number++)
            {
                await tokens.GetTokenAsync("", Scope($"s{round}-{number}"));
            }

            provider.Time.Advance(TimeSpan.FromSeconds(3));
        }

        Assert.Single(provider.Server.Requests, request => request["scope"] == "bad");
    }

    [Fact]
    [Trait("Req", "R-102")]
    public async Task Idle_sources_are_dropped_when_their_token_has_expired_and_not_before()
    {
        await using TestProvider provider = new();
        await provider.GetAsync("", Scope("long"));
        provider.Server.Lifetime = TimeSpan.FromSeconds(60);
        for (int number = 0; number < 100; number++)
        {
            await provider.GetAsync("", Scope($"s{number}"));
        }

        for (int minute = 0; minute < 40; minute++)
        {
            provider.Time.Advance(TimeSpan.FromMinutes(1));
            await provider.GetAsync();
            await provider.SettleAsync();
            await provider.GetAsync("", Scope($"used-{minute % 2}"));
        }

        Assert.InRange(provider.Tokens.SourceCount(), 2, 6);
        Assert.False(await CostsRequestAsync(provider, Scope("long")));
    }

    private static TokenRequest Numbered(int number) => Scope($"scope-{number}");

    private static async Task FillAsync(TestProvider provider, int from, int count)
    {
        for (int number = from; number < from + count; number++)
        {
            await provider.GetAsync("", Numbered(number));
            provider.Time.Advance(TimeSpan.FromTicks(10));
        }
    }

    private static async Task<bool> CostsRequestAsync(TestProvider provider, TokenRequest? request)
    {
        int before = provider.Server.Requests.Count;
        await provider.GetAsync("", request);
        return provider.Server.Requests.Count > before;
    }
}
