using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;
using static OAuthClientCredentials.Tests.Infrastructure.TestProvider;

namespace OAuthClientCredentials.Tests.Resilience;

/// <summary>MaxConcurrentRequests: who gets a permit for a token endpoint, and for how long.</summary>
[Collection(nameof(Alone))]
public sealed class EndpointLimiterTests
{
    [Fact]
    [Trait("Req", "R-191")]
    [Trait("Req", "R-192")]
    [Trait("Req", "R-225")]
    public async Task Hooks_that_hang_do_not_keep_their_permits()
    {
        TaskCompletionSource<string> never = new();
        bool hangs = true;
        Action<ClientCredentialsOptions> configure = options =>
        {
            options.ClientSecret = null;
            options.UseClientAssertion(_ => hangs ? new(never.Task) : new("assertion"));
        };
        await using TestProvider provider = WithClients(null, ("hung", configure), ("other", null));
        Task calls = Task.WhenAll(Enumerable.Range(0, 10).Select(number => provider.FailAsync("hung", Scope($"s{number}"))));
        await provider.Time.AdvanceUntilAsync(calls, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(2));
        await calls;
        hangs = false;
        provider.Time.Advance(TimeSpan.FromMinutes(5));
        Task tokens = Task.WhenAll(provider.GetAsync("hung"), provider.GetAsync("other"));
        await provider.Time.AdvanceUntilAsync(tokens, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(2));
        await tokens;
    }

    [Theory]
    [Trait("Req", "R-193")]
    [InlineData(1)]
    [InlineData(10)]
    public async Task A_client_whose_assertion_is_a_token_of_the_same_server_does_not_wait_for_itself(int limit)
    {
        TestProvider? provider = null;
        int called = 0;
        TaskCompletionSource all = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Action<ClientCredentialsOptions> limited = options =>
            (options.Timeout, options.MaxConcurrentRequests) = (TimeSpan.FromSeconds(2), limit);
        Action<ClientCredentialsOptions> outer = options =>
        {
            limited(options);
            options.ClientSecret = null;
            options.UseClientAssertion(async cancellationToken =>
            {
                if (Interlocked.Increment(ref called) == limit)
                {
                    all.SetResult();
                }

                await all.Task.WaitAsync(cancellationToken);
                return (await provider!.Tokens.GetTokenAsync("inner", cancellationToken: cancellationToken)).Value;
            });
        };
        provider = WithClients(new(), ("outer", outer), ("inner", limited));
        await Task.WhenAll(Enumerable.Range(0, limit).Select(number => provider.GetAsync("outer", Scope($"s{number}"))));
        await provider.DisposeAsync();
    }

    [Fact]
    [Trait("Req", "R-065")]
    [Trait("Req", "R-193")]
    public async Task A_request_that_waits_for_Retry_After_has_no_permit()
    {
        await using TestProvider provider = new(options => (options.MaxRetries, options.MaxConcurrentRequests) = (2, 1));
        TestResponse busy = TestResponse.TooManyRequests(TimeSpan.FromSeconds(20));
        provider.Server.Always(request => request["scope"] == "a" ? busy : TestResponse.Token());
        Task<Exception?> first = Record.ExceptionAsync(() => provider.GetAsync("", Scope("a")));
        await Eventually.True(() => provider.Server.Requests.Count == 1);
        Assert.True(await Eventually.CompletesAsync(provider.GetAsync("", Scope("b"))), "one request is allowed, none is under way");
        Assert.False(first.IsCompleted);
    }

    [Fact]
    [Trait("Req", "R-192")]
    [Trait("Req", "R-193")]
    public async Task Clients_of_two_servers_that_are_discovered_do_not_share_permits()
    {
        await using TestProvider provider = WithClients(
            null,
            ("a", options => DiscoverAt(options, "a")),
            ("b", options => DiscoverAt(options, "b")));
        provider.Server.Always(request => request.ClientId == "a" ? TestResponse.Never() : TestResponse.Token());
        Task<Exception?> waiting = Record.ExceptionAsync(() => provider.GetAsync("a"));
        await Eventually.True(() => provider.Server.Requests.Count == 1);
        Assert.True(await Eventually.CompletesAsync(provider.GetAsync("b")), "a client of server b waits for server a");
        Assert.False(waiting.IsCompleted);
    }

    [Fact]
    [Trait("Req", "R-193")]
    public async Task Permits_belong_to_the_endpoint_whether_it_is_configured_or_discovered()
    {
        await using TestProvider provider = WithClients(
            null,
            ("a", options => DiscoverAt(options, "id")),
            ("b", options => options.MaxConcurrentRequests = 1));
        int running = 0;
        int max = 0;
        provider.Server.Always(TestResponse.Token().After(async _ =>
        {
            max = Math.Max(max, Interlocked.Increment(ref running));
            await Task.Yield();
            Interlocked.Decrement(ref running);
        }));
        await Task.WhenAll(Enumerable.Range(0, 100).Select(number => provider.GetAsync(number % 2 == 0 ? "a" : "b", Scope($"s{number}"))));
        Assert.Equal((100, 1), (provider.Server.Requests.Count, max));
    }

    [Fact]
    [Trait("Req", "R-060")]
    [Trait("Req", "R-193")]
    public async Task A_call_that_got_no_permit_in_time_names_MaxConcurrentRequests()
    {
        TimeSpan limit = TimeSpan.FromSeconds(90);
        await using TestProvider provider = WithClients(
            null,
            ("slow", options => (options.MaxConcurrentRequests, options.AttemptTimeout, options.Timeout) = (1, limit, limit)),
            ("queued", options => options.MaxConcurrentRequests = 1));
        provider.Server.Always(TestResponse.Never());
        Task<Exception?> slow = Record.ExceptionAsync(() => provider.GetAsync("slow"));
        await Eventually.True(() => provider.Server.Requests.Count == 1);
        Task<TokenRequestException> queued = provider.FailAsync("queued");
        await provider.Time.AdvanceUntilAsync(queued, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1));
        Assert.Contains("MaxConcurrentRequests", (await queued).Message, StringComparison.Ordinal);
        Assert.False(slow.IsCompleted);
    }

    // An empty TokenEndpoint counts as none.
    private static void DiscoverAt(ClientCredentialsOptions options, string host) =>
        (options.TokenEndpoint, options.Authority, options.MaxConcurrentRequests) = ("", $"https://{host}.example.com", 1);
}
