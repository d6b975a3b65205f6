using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Caching;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Resilience;

/// <summary>Whose turn it is at a token endpoint, and how long.</summary>
[Collection(nameof(Alone))]
public sealed class SlotsTests
{
    [Fact]
    [Trait("Req", "R-191")]
    [Trait("Req", "R-192")]
    [Trait("Req", "R-225")]
    public async Task Hooks_that_hung_once_do_not_use_up_the_server_for_ever_and_for_everybody()
    {
        TestTimeProvider time = new();
        TestAuthorizationServer server = new(time);
        TaskCompletionSource<string> never = new();
        bool hangs = true;
        await using ServiceProvider services = Hostile.Services(time, server, ("hung", options =>
        {
            options.ClientSecret = null;
            options.UseClientAssertion(_ => hangs ? new(never.Task) : new("assertion"));
        }
        ), ("other", _ => { }
        ));
        TokenProvider tokens = services.GetRequiredService<TokenProvider>();
        Task<AccessToken>[] calls = [.. Enumerable.Range(0, 10).Select(number => tokens.GetTokenAsync("hung", Hostile.Scope($"s{number}")).AsTask())];
        await Hostile.PassAsync(time, Task.WhenAll(calls.Select(call => call.ContinueWith(task => task.Exception))), TimeSpan.FromMinutes(2));

        // The hook is well again.
        hangs = false;
        time.Advance(TimeSpan.FromMinutes(5));
        Task<AccessToken> own = tokens.GetTokenAsync("hung").AsTask();
        Task<AccessToken> other = tokens.GetTokenAsync("other").AsTask();
        await Hostile.PassAsync(time, Task.WhenAll(own.ContinueWith(task => task.Exception), other.ContinueWith(task => task.Exception)), TimeSpan.FromMinutes(2));
        Assert.True(own.IsCompletedSuccessfully && other.IsCompletedSuccessfully, $"its own: {own.Exception?.InnerException?.Message}\nanother client's: {other.Exception?.InnerException?.Message}");
    }

    [Theory]
    [Trait("Req", "R-193")]
    [InlineData(1)]
    [InlineData(10)]
    public async Task A_client_whose_assertion_is_a_token_of_another_client_of_the_same_server_does_not_wait_for_itself(int limit)
    {
        TestAuthorizationServer server = new();
        TokenProvider? tokens = null;
        int asked = 0;
        TaskCompletionSource all = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using ServiceProvider services = Hostile.Services(null, server, ("outer", options =>
        {
            (options.ClientSecret, options.Timeout, options.MaxConcurrentRequests) = (null, TimeSpan.FromSeconds(2), limit);
            options.UseClientAssertion(async cancellationToken =>
            {
                if (Interlocked.Increment(ref asked) == limit)
                {
                    all.SetResult();
                }

                await all.Task.WaitAsync(cancellationToken);
                return (await tokens!.GetTokenAsync("inner", cancellationToken: cancellationToken)).Value;
            });
        }
        ), ("inner", options => (options.Timeout, options.MaxConcurrentRequests) = (TimeSpan.FromSeconds(2), limit)));
        tokens = services.GetRequiredService<TokenProvider>();
        Task<AccessToken>[] calls = [.. Enumerable.Range(0, limit).Select(number => tokens.GetTokenAsync("outer", Hostile.Scope($"s{number}")).AsTask())];
        await Task.WhenAll(calls.Select(call => call.ContinueWith(task => task.Exception)));
        Assert.True(calls.All(call => call.IsCompletedSuccessfully), $"{calls.Count(call => call.IsFaulted)} of {limit} failed, and {server.Requests.Count} requests came: {calls.FirstOrDefault(call => call.IsFaulted)?.Exception!.InnerException!.Message}");
    }

    [Fact]
    [Trait("Req", "R-193")]
    [Trait("Req", "R-065")]
    public async Task Who_waits_for_the_time_that_the_server_named_has_no_request_under_way()
    {
        TestTimeProvider time = new();
        TestAuthorizationServer server = new(time);
        server.Always(request => request["scope"] == "a" ? TestResponse.TooManyRequests(TimeSpan.FromSeconds(20)) : TestResponse.Token());
        TokenProvider tokens = Hostile.Create(options => (options.MaxRetries, options.MaxConcurrentRequests) = (2, 1), server.CreateHandler(), time);
        Task first = tokens.GetTokenAsync("", Hostile.Scope("a")).AsTask();
        await Eventually.True(() => server.Requests.Count == 1);
        Task<AccessToken> second = tokens.GetTokenAsync("", Hostile.Scope("b")).AsTask();
        bool ended = await Hostile.EndsAsync(second, seconds: 2);
        Assert.True(ended, "no request is under way, one is allowed, and yet a caller with another key waits");
    }

    [Fact]
    [Trait("Req", "R-192")]
    [Trait("Req", "R-193")]
    public async Task An_empty_token_endpoint_is_none_and_shares_no_queue_with_another_servers()
    {
        TestTimeProvider time = new();
        TestAuthorizationServer server = new(time);
        server.Always(request => request.ClientId == "a" ? TestResponse.Never() : TestResponse.Token());
        await using ServiceProvider services = Hostile.Services(time, server,
            ("a", options => (options.TokenEndpoint, options.Authority, options.MaxConcurrentRequests) = ("", "https://a.example.com", 1)),
            ("b", options => (options.TokenEndpoint, options.Authority, options.MaxConcurrentRequests) = ("", "https://b.example.com", 1)));
        TokenProvider tokens = services.GetRequiredService<TokenProvider>();
        Task a = tokens.GetTokenAsync("a").AsTask();
        await Eventually.True(() => server.Requests.Count == 1);
        Assert.True(await Hostile.EndsAsync(tokens.GetTokenAsync("b").AsTask(), seconds: 2), "server a hangs, and a client of server b waits for it");
    }

    [Fact]
    [Trait("Req", "R-193")]
    public async Task The_limit_is_the_endpoints_however_it_was_found()
    {
        TestTimeProvider time = new();
        TestAuthorizationServer server = new(time);
        int running = 0;
        int most = 0;
        server.Always(TestResponse.Token().After(async _ =>
        {
            most = Math.Max(most, Interlocked.Increment(ref running));
            await Task.Yield();
            Interlocked.Decrement(ref running);
        }));
        await using ServiceProvider services = Hostile.Services(time, server,
            ("a", options => (options.TokenEndpoint, options.Authority, options.MaxConcurrentRequests) = (null, "https://id.example.com", 1)),
            ("b", options => options.MaxConcurrentRequests = 1));
        TokenProvider tokens = services.GetRequiredService<TokenProvider>();
        await Task.WhenAll(Enumerable.Range(0, 100).Select(number => tokens.GetTokenAsync(number % 2 == 0 ? "a" : "b", Hostile.Scope($"s{number}")).AsTask()));
        Assert.Equal((100, 1), (server.Requests.Count, most));
    }

    [Fact]
    [Trait("Req", "R-193")]
    [Trait("Req", "R-060")]
    public async Task Who_never_got_a_turn_is_not_told_that_the_server_did_not_answer()
    {
        TestTimeProvider time = new();
        TestAuthorizationServer server = new(time);
        server.Always(TestResponse.Never());
        await using ServiceProvider services = Hostile.Services(time, server,
            ("slow", options => (options.MaxConcurrentRequests, options.AttemptTimeout, options.Timeout) = (1, TimeSpan.FromSeconds(90), TimeSpan.FromSeconds(90))),
            ("queued", options => options.MaxConcurrentRequests = 1));
        TokenProvider tokens = services.GetRequiredService<TokenProvider>();
        Task slow = tokens.GetTokenAsync("slow").AsTask().ContinueWith(task => task.Exception);
        await Eventually.True(() => server.Requests.Count == 1);
        Task<AccessToken> queued = tokens.GetTokenAsync("queued").AsTask();
        await Hostile.PassAsync(time, queued.ContinueWith(task => task.Exception), TimeSpan.FromMinutes(1));
        string message = (await Assert.ThrowsAsync<TokenRequestException>(() => queued)).Message;
        Assert.Contains("as many as MaxConcurrentRequests allows", message, StringComparison.Ordinal);
    }
}
