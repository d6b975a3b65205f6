using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using OAuthClientCredentials.Caching;
using OAuthClientCredentials.Clients;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Caching;

/// <summary>Sources that go, and callers who come for them just then.</summary>
[Collection(nameof(Alone))]
public sealed class IdleSourcesTests
{
    [Fact]
    [Trait("Req", "R-102")]
    public async Task Idle_sources_are_dropped_after_their_token_expired()
    {
        await using Provider provider = new() { Endpoint = { Lifetime = TimeSpan.FromSeconds(60) } };
        for (int number = 0; number < 100; number++)
        {
            await provider.Tokens.GetTokenAsync("", Hostile.Scope($"s{number}"));
        }

        for (int minute = 0; minute < 120; minute++)
        {
            provider.Time.Advance(TimeSpan.FromMinutes(1));
            await provider.GetAsync();
            await provider.SettleAsync();
            await provider.Tokens.GetTokenAsync("", Hostile.Scope($"used-{minute % 2}"));
        }

        Assert.InRange(provider.Tokens.SourceCount(), 1, 5);
    }

    [Fact]
    [Trait("Req", "R-076")]
    [Trait("Req", "R-090")]
    public async Task Eviction_leaves_no_retired_source_behind_on_which_callers_spin()
    {
        // TokenProvider's own steps, on two threads: Eviction retires sources and drops them, while a caller whose request is no longer listed adds it anew.
        await using ServiceProvider services = Hostile.Services(null, new TestAuthorizationServer(), ("c", _ => { }));
        ClientTokenCache client = new(services.GetRequiredService<ClientSettingsProvider>().Get("c"), (_, _) => throw new UnreachableException(), new(TimeProvider.System), new(NullLogger.Instance));
        for (int number = 0; number < 50; number++)
        {
            client.GetOrAdd(Hostile.Scope($"other-{number}"));
        }

        const int Rounds = 30_000;
        int stuck = 0;
        TokenRequest? request = null;
        using Barrier barrier = new(2);
        Task caller = Task.Factory.StartNew(
            () =>
            {
                for (int round = 0; round < Rounds; round++)
                {
                    barrier.SignalAndWait();
                    while (client.Find(request!) is not null)
                    {
                    }

                    client.GetOrAdd(request!);
                    barrier.SignalAndWait();
                }
            },
            TaskCreationOptions.LongRunning);
        for (int round = 0; round < Rounds; round++)
        {
            request = Hostile.Scope($"s{round}");
            TokenSource old = client.GetOrAdd(request);
            old.TryEvict(force: true);
            barrier.SignalAndWait();
            client.RemoveRetired();
            barrier.SignalAndWait();
            if (client.Find(request) is not { } source)
            {
                stuck++;
                client.RemoveRetired();
            }
            else
            {
                source.TryEvict(force: true);
                client.RemoveRetired();
            }
        }

        await caller;
        Assert.True(stuck == 0, $"in {stuck} of {Rounds} rounds a retired source stayed listed");
    }

    [Theory]
    [Trait("Req", "R-065")]
    [Trait("Req", "R-190")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task While_there_are_others_to_let_go_an_eviction_ends_no_cool_down(bool fatal)
    {
        TestTimeProvider time = new();
        TestAuthorizationServer server = new(time) { Lifetime = TimeSpan.FromSeconds(2) };
        server.Always(request => request["scope"] != "bad" ? TestResponse.Token() : fatal ? TestResponse.Error("invalid_scope") : TestResponse.TooManyRequests(TimeSpan.FromSeconds(60)));
        await using ServiceProvider services = Hostile.Services(time, server, ("c", _ => { }));
        TokenProvider tokens = new(services.GetRequiredService<ClientSettingsProvider>(), services.GetRequiredService<TokenClient>().RequestAsync, time, NullLogger.Instance, maxSources: 10);
        for (int round = 0; round < 3; round++)
        {
            await Record.ExceptionAsync(async () => await tokens.GetTokenAsync("c", Hostile.Scope("bad")));
            for (int number = 0; number < 8; number++)
            {
                await tokens.GetTokenAsync("c", Hostile.Scope($"s{round}-{number}"));
            }

            time.Advance(TimeSpan.FromSeconds(3));
        }

        await tokens.DisposeAsync();
        Assert.Single(server.Requests, request => request["scope"] == "bad");
    }
}
