using System.Collections.Concurrent;
using System.Diagnostics;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;
using static OAuthClientCredentials.Tests.Infrastructure.TestProvider;

namespace OAuthClientCredentials.Tests.Caching;

/// <summary>All callers share one token request, which no caller can end or influence.</summary>
public sealed class SingleFlightTests
{
    private static readonly AsyncLocal<string?> Ambient = new();

    [Fact]
    [Trait("Req", "R-090")]
    public async Task Ten_thousand_cold_callers_cost_one_request()
    {
        await using TestProvider provider = new();
        TaskCompletionSource answer = new();
        provider.Server.Always(TestResponse.Token().After(answer.Task));
        Task<string>[] callers = [.. Enumerable.Range(0, 10_000).Select(_ => Task.Run(() => provider.GetAsync()))];
        await Eventually.True(() => provider.Server.Requests.Count == 1);
        answer.SetResult();
        Assert.All(await Task.WhenAll(callers), token => Assert.Equal("token-1", token));
        Assert.Single(provider.Server.Requests);
    }

    // MSAL 6053: a linked cancellation source was disposed before the work ended, and callers waited forever.
    [Fact]
    [Trait("Req", "R-069")]
    [Trait("Req", "R-091")]
    [Trait("Req", "R-097")]
    [Trait("Req", "R-241")]
    public async Task A_caller_that_gives_up_ends_its_own_wait_and_not_the_flight()
    {
        await using TestProvider provider = new();
        TaskCompletionSource answer = new();
        bool flightCancelled = false;
        provider.Server.Always(TestResponse.Token().After(async token =>
        {
            token.Register(() => flightCancelled = true);
            await answer.Task;
        }));
        using CancellationTokenSource impatient = new();
        Task<AccessToken> first = provider.Tokens.GetTokenAsync(cancellationToken: impatient.Token).AsTask();
        Task<string> second = provider.GetAsync();
        await Eventually.True(() => provider.Server.Requests.Count == 1);
        await impatient.CancelAsync();
        OperationCanceledException exception = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        Assert.Equal(impatient.Token, exception.CancellationToken);
        Assert.False(flightCancelled);
        answer.SetResult();
        Assert.Equal("token-1", await second);
        Assert.Single(provider.Server.Requests);
    }

    [Fact]
    [Trait("Req", "R-069")]
    public async Task A_cancelled_caller_and_a_timeout_end_with_different_exceptions()
    {
        await using TestProvider provider = new();
        provider.Server.Always(TestResponse.Never());
        using CancellationTokenSource source = new();
        Task<AccessToken> cancelled = provider.Tokens.GetTokenAsync(cancellationToken: source.Token).AsTask();
        Task<AccessToken> waiting = provider.Tokens.GetTokenAsync().AsTask();
        await Eventually.True(() => provider.Server.Requests.Count == 1);
        await source.CancelAsync();
        OperationCanceledException own = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        Assert.Equal(source.Token, own.CancellationToken);
        await provider.Time.AdvanceUntilAsync(waiting, TimeSpan.FromSeconds(1));
        TokenRequestException timeout = await Assert.ThrowsAsync<TokenRequestException>(() => waiting);
        Assert.True(timeout.IsTransient);
    }

    [Fact]
    [Trait("Req", "R-092")]
    [Trait("Req", "R-094")]
    public async Task The_request_and_its_log_lines_do_not_run_in_the_context_of_the_caller()
    {
        ConcurrentQueue<(string? Ambient, Activity? Activity)> seen = new();
        using LogLines log = new(id =>
        {
            if (id == 1)
            {
                seen.Enqueue((Ambient.Value, Activity.Current));
            }
        });
        await using TestProvider provider = new(log: log);
        provider.Server.Always(TestResponse.Token().After(_ =>
        {
            seen.Enqueue((Ambient.Value, Activity.Current));
            return Task.CompletedTask;
        }));
        Ambient.Value = "the first caller's";
        using Activity activity = new Activity("the first caller's").Start();
        await provider.GetAsync();
        await Eventually.True(() => !log.Lines.IsEmpty && seen.Count == 2);
        Assert.All(seen, context => Assert.Equal((null, null), context));
        Assert.Same(activity, Activity.Current);
    }

    [Theory]
    [Trait("Req", "R-092")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_flow_of_the_callers_context_is_left_as_it_was(bool suppressed)
    {
        await using TestProvider provider = new();
        AsyncFlowControl? control = suppressed ? ExecutionContext.SuppressFlow() : null;
        ValueTask<AccessToken> pending = provider.Tokens.GetTokenAsync();
        bool isSuppressed = ExecutionContext.IsFlowSuppressed();
        control?.Undo();
        Assert.Equal(suppressed, isSuppressed);
        AccessToken token = await pending;

        // RenewTokenAsync is not an async method: nothing restores the context for it.
        ValueTask<AccessToken> renewal = provider.Tokens.RenewTokenAsync(token);
        Assert.False(ExecutionContext.IsFlowSuppressed());
        await renewal;
    }

    [Fact]
    [Trait("Req", "R-098")]
    [Trait("Req", "R-191")]
    public async Task Each_waiter_gets_an_exception_of_its_own_from_one_request()
    {
        await using TestProvider provider = new();
        TaskCompletionSource answer = new();
        provider.Server.Always(TestResponse.Unavailable().After(answer.Task));
        Task<string>[] callers = [.. Enumerable.Range(0, 100).Select(_ => provider.GetAsync())];
        answer.SetResult();
        List<TokenRequestException> exceptions = [];
        foreach (Task<string> caller in callers)
        {
            exceptions.Add(await Assert.ThrowsAsync<TokenRequestException>(() => caller));
        }

        Assert.Equal(100, exceptions.Distinct(ReferenceEqualityComparer.Instance).Count());
        Assert.Single(provider.Server.Requests);
    }

    [Fact]
    [Trait("Req", "R-098")]
    public async Task After_a_transient_error_calls_fail_at_once_until_the_next_attempt()
    {
        await using TestProvider provider = new();
        provider.Server.Next(TestResponse.Unavailable());
        TokenRequestException first = await provider.FailAsync();
        TokenRequestException second = await provider.FailAsync();
        Assert.Single(provider.Server.Requests);
        Assert.NotNull(second.NextAttemptAt);
        Assert.True(first.IsTransient);
        provider.Time.Advance(TimeSpan.FromSeconds(1.3));
        Assert.Equal("token-1", await provider.GetAsync());
    }

    [Fact]
    [Trait("Req", "R-065")]
    public async Task Retry_After_fails_all_callers_until_then_without_a_request()
    {
        await using TestProvider provider = new();
        provider.Server.Next(TestResponse.TooManyRequests(TimeSpan.FromSeconds(45)));
        TokenRequestException exception = await provider.FailAsync();
        Assert.Equal(TimeSpan.FromSeconds(45), exception.RetryAfter);
        provider.Time.Advance(TimeSpan.FromSeconds(44));
        await provider.FailAsync();
        Assert.Single(provider.Server.Requests);
        provider.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("token-1", await provider.GetAsync());
    }

    [Fact]
    [Trait("Req", "R-071")]
    [Trait("Req", "R-193")]
    public async Task A_thousand_cold_tokens_are_requested_ten_at_a_time()
    {
        await using TestProvider provider = new();
        int running = 0;
        ConcurrentBag<int> parallel = [];
        provider.Server.Always(TestResponse.Token().After(async _ =>
        {
            parallel.Add(Interlocked.Increment(ref running));
            await Task.Yield();
            Interlocked.Decrement(ref running);
        }));
        string[] scopes = [.. Enumerable.Range(0, 1000).Select(number => $"scope-{number}")];
        AccessToken[] tokens = await Task.WhenAll(scopes.Select(scope => provider.Tokens.GetTokenAsync("", Scope(scope)).AsTask()));
        Assert.Equal(1000, tokens.Select(token => token.Value).Distinct().Count());
        Assert.Equal(scopes, tokens.Select(token => token.Scopes.Single()));
        Assert.InRange(parallel.Max(), 1, 10);
    }
}
