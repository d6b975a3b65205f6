using System.Diagnostics;
using System.Net;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Caching;

public sealed class SingleFlightTests
{
    private static readonly AsyncLocal<string?> Ambient = new();

    [Fact]
    [Trait("Req", "R-090")]
    public async Task Ten_thousand_cold_callers_cost_one_request()
    {
        await using Provider provider = new();
        TaskCompletionSource answer = new();
        provider.Endpoint.Always(TestResponse.Token().After(answer.Task));
        Task<string>[] callers = [.. Enumerable.Range(0, 10_000).Select(_ => Task.Run(provider.GetAsync))];
        await Eventually.True(() => provider.Endpoint.Requests.Count == 1);
        answer.SetResult();
        Assert.All(await Task.WhenAll(callers), token => Assert.Equal("token-1", token));
        Assert.Single(provider.Endpoint.Requests);
    }

    [Fact]
    [Trait("Req", "R-071")]
    public async Task Different_requests_at_once_get_each_their_own_token()
    {
        await using Provider provider = new();
        provider.Endpoint.Always(TestResponse.Token());
        Task<AccessToken>[] callers = [.. Enumerable.Range(0, 1000).Select(number => Task.Run(() => provider.Tokens.GetTokenAsync("", new TokenRequest { Scopes = [$"scope-{number % 100}"] }).AsTask()))];
        AccessToken[] tokens = await Task.WhenAll(callers);
        Assert.Equal(100, provider.Endpoint.Requests.Count);
        Assert.Equal(100, tokens.Select(token => token.Value).Distinct().Count());
        Assert.All(tokens.Select((token, number) => (token, number)), pair => Assert.Equal([$"scope-{pair.number % 100}"], pair.token.Scopes));
    }

    [Fact]
    [Trait("Req", "R-091")]
    [Trait("Req", "R-069")]
    public async Task A_caller_that_gives_up_ends_its_own_wait_and_not_the_flight()
    {
        await using Provider provider = new();
        TaskCompletionSource answer = new();
        bool flightCancelled = false;
        provider.Endpoint.Always(TestResponse.Token().After(async token =>
        {
            token.Register(() => flightCancelled = true);
            await answer.Task;
        }));
        using CancellationTokenSource impatient = new();
        Task<AccessToken> first = provider.Tokens.GetTokenAsync(cancellationToken: impatient.Token).AsTask();
        Task<AccessToken> second = provider.Tokens.GetTokenAsync().AsTask();
        await Eventually.True(() => provider.Endpoint.Requests.Count == 1);
        await impatient.CancelAsync();
        OperationCanceledException exception = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        Assert.Equal(impatient.Token, exception.CancellationToken);
        Assert.False(flightCancelled);
        answer.SetResult();
        Assert.Equal("token-1", (await second).Value);
        Assert.Single(provider.Endpoint.Requests);
    }

    [Fact]
    [Trait("Req", "R-091")]
    public async Task Callers_that_give_up_at_random_disturb_nobody()
    {
        await using Provider provider = new() { Endpoint = { Lifetime = TimeSpan.FromSeconds(2) } };
        provider.Endpoint.Always(TestResponse.Token().After(_ => Task.Run(Thread.Yield)));
        Random random = new(42);
        int[] delays = [.. Enumerable.Range(0, 2000).Select(_ => random.Next(0, 200))];
        await Parallel.ForEachAsync(delays, async (delay, _) =>
        {
            using CancellationTokenSource source = new();
            Task<AccessToken> call = provider.Tokens.GetTokenAsync(cancellationToken: source.Token).AsTask();
            Thread.SpinWait(delay);
            await source.CancelAsync();
            provider.Time.Advance(TimeSpan.FromMilliseconds(5));
            await call.ContinueWith(task => task.Exception, TaskScheduler.Default);
            Assert.False(call.IsFaulted, call.Exception?.ToString());
        });
        Assert.StartsWith("token-", await provider.GetAsync(), StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-092")]
    public async Task The_flight_knows_nothing_of_the_request_that_started_it()
    {
        await using Provider provider = new();
        (string? Ambient, Activity? Activity) seen = ("not yet", null);
        provider.Endpoint.Always(TestResponse.Token().After(_ =>
        {
            seen = (Ambient.Value, Activity.Current);
            return Task.CompletedTask;
        }));
        Ambient.Value = "the first caller's";
        using Activity activity = new Activity("the first caller's").Start();
        await provider.GetAsync();
        Assert.Null(seen.Ambient);
        Assert.Null(seen.Activity);
        Assert.Same(activity, Activity.Current);
    }

    [Fact]
    [Trait("Req", "R-098")]
    public async Task Each_waiter_gets_an_exception_of_its_own()
    {
        await using Provider provider = new();
        TaskCompletionSource answer = new();
        provider.Endpoint.Always(TestResponse.Token().After(answer.Task));
        provider.Endpoint.Always(TestResponse.Status(HttpStatusCode.ServiceUnavailable));
        Task<string>[] callers = [.. Enumerable.Range(0, 100).Select(_ => provider.GetAsync())];
        answer.SetResult();
        List<TokenRequestException> exceptions = [];
        foreach (Task<string> caller in callers)
        {
            exceptions.Add(await Assert.ThrowsAsync<TokenRequestException>(() => caller));
        }

        Assert.Equal(100, exceptions.Distinct(ReferenceEqualityComparer.Instance).Count());
        Assert.Single(provider.Endpoint.Requests);
    }

    [Fact]
    [Trait("Req", "R-098")]
    public async Task After_a_passing_error_calls_fail_at_once_until_the_next_attempt()
    {
        await using Provider provider = new();
        provider.Endpoint.Always(request => request.Number == 1 ? TestResponse.Status(HttpStatusCode.ServiceUnavailable) : TestResponse.Token());
        TokenRequestException first = await Assert.ThrowsAsync<TokenRequestException>(provider.GetAsync);
        TokenRequestException second = await Assert.ThrowsAsync<TokenRequestException>(provider.GetAsync);
        Assert.Single(provider.Endpoint.Requests);
        Assert.NotNull(second.NextAttemptAt);
        Assert.True(first.IsTransient);
        provider.Time.Advance(TimeSpan.FromSeconds(1.3));
        Assert.Equal("token-1", await provider.GetAsync());
    }

    [Fact]
    [Trait("Req", "R-190")]
    public async Task A_wrong_secret_is_not_hammered()
    {
        await using Provider provider = new();
        provider.Endpoint.Always(TestResponse.Error("invalid_client"));
        for (int call = 0; call < 10_000; call++)
        {
            TokenRequestException exception = await Assert.ThrowsAsync<TokenRequestException>(provider.GetAsync);
            Assert.Equal("invalid_client", exception.Error);
            provider.Time.Advance(TimeSpan.FromMilliseconds(6));
        }

        Assert.InRange(provider.Endpoint.Requests.Count, 1, 3);
        provider.Tokens.Forget("");
        provider.Endpoint.Recover();
        Assert.StartsWith("token-", await provider.GetAsync(), StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-065")]
    public async Task Retry_after_blocks_all_callers_until_then()
    {
        await using Provider provider = new();
        provider.Endpoint.Next(TestResponse.TooManyRequests(TimeSpan.FromSeconds(45)));
        TokenRequestException exception = await Assert.ThrowsAsync<TokenRequestException>(provider.GetAsync);
        Assert.Equal(TimeSpan.FromSeconds(45), exception.RetryAfter);
        provider.Time.Advance(TimeSpan.FromSeconds(44));
        await Assert.ThrowsAsync<TokenRequestException>(provider.GetAsync);
        Assert.Single(provider.Endpoint.Requests);
        provider.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("token-1", await provider.GetAsync());
    }

    [Fact]
    [Trait("Req", "R-103")]
    public async Task Disposing_ends_the_flight_and_its_waiters()
    {
        Provider provider = new();
        bool cancelled = false;
        provider.Endpoint.Always(TestResponse.Token().After(async token =>
        {
            using CancellationTokenRegistration registration = token.Register(() => cancelled = true);
            await Task.Delay(Timeout.Infinite, token);
        }));
        Task<string> caller = provider.GetAsync();
        await Eventually.True(() => provider.Endpoint.Requests.Count == 1);
        await provider.DisposeAsync();
        await Eventually.True(() => cancelled);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => caller);
        await Assert.ThrowsAsync<ObjectDisposedException>(provider.GetAsync);
    }

    [Fact]
    [Trait("Req", "R-103")]
    public async Task Disposing_waits_for_a_cancelled_request_to_end()
    {
        Provider provider = new();
        TaskCompletionSource release = new();
        TaskCompletionSource cancelled = new();
        provider.Endpoint.Always(TestResponse.Token().After(async token =>
        {
            using CancellationTokenRegistration registration = token.Register(() => cancelled.TrySetResult());
            await release.Task;
        }));
        Task<string> caller = provider.GetAsync();
        await Eventually.True(() => provider.Endpoint.Requests.Count == 1);
        Task disposal = provider.DisposeAsync().AsTask();
        await cancelled.Task;
        await Assert.ThrowsAsync<ObjectDisposedException>(() => caller);
        Assert.False(await Hostile.EndsAsync(disposal, seconds: 0.1), "DisposeAsync did not wait.");
        release.SetResult();
        await disposal;
    }

    [Fact]
    [Trait("Req", "R-193")]
    public async Task A_thousand_cold_tokens_are_requested_ten_at_a_time()
    {
        await using Provider provider = new();
        int running = 0;
        int most = 0;
        provider.Endpoint.Always(TestResponse.Token().After(async _ =>
        {
            int now = Interlocked.Increment(ref running);
            for (int seen = Volatile.Read(ref most); now > seen && Interlocked.CompareExchange(ref most, now, seen) != seen; seen = Volatile.Read(ref most))
            {
            }

            await Task.Yield();
            Interlocked.Decrement(ref running);
        }));
        AccessToken[] tokens = await Task.WhenAll(Enumerable.Range(0, 1000).Select(number => provider.Tokens.GetTokenAsync("", new TokenRequest { Scopes = [$"scope-{number}"] }).AsTask()));
        Assert.Equal(1000, tokens.Select(token => token.Value).Distinct().Count());
        Assert.All(tokens.Select((token, number) => (token, number)), pair => Assert.Equal([$"scope-{pair.number}"], pair.token.Scopes));
        Assert.InRange(most, 1, 10);
    }
}
