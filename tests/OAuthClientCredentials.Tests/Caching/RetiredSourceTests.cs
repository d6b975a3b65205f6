using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using OAuthClientCredentials.Caching;
using OAuthClientCredentials.Clients;
using OAuthClientCredentials.Diagnostics;
using OAuthClientCredentials.Tests.Infrastructure;
using static OAuthClientCredentials.Tests.Infrastructure.TestProvider;

namespace OAuthClientCredentials.Tests.Caching;

/// <summary>Sources that are retired while callers look for them.</summary>
[Collection(nameof(Alone))]
public sealed class RetiredSourceTests
{
    [Fact]
    [Trait("Req", "R-076")]
    [Trait("Req", "R-090")]
    public async Task No_retired_source_stays_listed_when_a_caller_adds_its_request_again()
    {
        // One thread evicts a source as TokenProvider does. The other adds the request again as soon as it is no longer listed.
        ClientTokenCache client = CreateClient();
        for (int number = 0; number < 50; number++)
        {
            client.GetOrAdd(Scope($"other-{number}"));
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
            request = Scope($"s{round}");
            client.GetOrAdd(request).TryEvict(force: true);
            barrier.SignalAndWait();
            client.RemoveRetired();
            barrier.SignalAndWait();
            if (client.Find(request) is { } source)
            {
                source.TryEvict(force: true);
            }
            else
            {
                stuck++;
            }

            client.RemoveRetired();
        }

        await caller;
        Assert.True(stuck == 0, $"in {stuck} of {Rounds} rounds a retired source stayed listed");
    }

    [Fact]
    [Trait("Req", "R-074")]
    public void A_source_that_is_added_to_a_retired_client_is_retired_too()
    {
        ClientTokenCache client = CreateClient();
        Assert.False(client.GetOrAdd(Scope("a")).IsRetired);
        Assert.True(client.RetireAsync().IsCompletedSuccessfully);
        Assert.True(client.GetOrAdd(Scope("b")).IsRetired);
    }

    private static ClientTokenCache CreateClient()
    {
        ClientCredentialsOptions options = new();
        Configure(options);
        ClientSettings settings = new(new("", "ClientCredentials", "shop", null, TimeProvider.System), options);
        return new(settings, (_, _) => throw new UnreachableException(), new(TimeProvider.System), new(NullLogger.Instance, new(null)));
    }
}
