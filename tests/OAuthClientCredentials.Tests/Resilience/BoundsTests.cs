using System.Diagnostics;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Caching;
using OAuthClientCredentials.Tests.Infrastructure;
using Polly;

namespace OAuthClientCredentials.Tests.Resilience;

/// <summary>No code of the application's holds up a token request beyond its limit, or takes its result away.</summary>
[Collection(nameof(Alone))]
public sealed class BoundsTests
{
    [Fact]
    [Trait("Req", "R-011")]
    [Trait("Req", "R-225")]
    public async Task A_cancellation_callback_that_blocks_holds_up_nobody_beyond_the_timeout()
    {
        using ManualResetEventSlim release = new();
        TokenProvider tokens = Hostile.Create(
            options =>
            {
                (options.ClientSecret, options.Timeout) = (null, TimeSpan.FromMilliseconds(300));
                options.UseClientAssertion(async cancellationToken =>
                {
                    cancellationToken.Register(release.Wait);
                    await Task.Delay(Timeout.Infinite, CancellationToken.None);
                    return "";
                });
            },
            new TestAuthorizationServer().CreateHandler());
        Task call = tokens.GetTokenAsync().AsTask();
        bool ended = await Hostile.EndsAsync(call);
        release.Set();
        Assert.True(ended, "a Timeout of 300 ms was not over after 5 seconds");
    }

    [Fact]
    [Trait("Req", "R-225")]
    public async Task A_registration_left_behind_by_a_hook_does_not_lose_the_token()
    {
        TokenProvider tokens = Hostile.Create(
            options =>
            {
                options.ClientSecret = null;
                options.UseResiliencePipeline(ResiliencePipeline.Empty);
                options.UseClientAssertion(cancellationToken =>
                {
                    cancellationToken.Register(() => throw new InvalidOperationException("callback"));
                    return new("assertion");
                });
            },
            new TestAuthorizationServer().CreateHandler());
        Assert.Equal("token-1", (await tokens.GetTokenAsync()).Value);
    }

    [Fact]
    [Trait("Req", "R-011")]
    [Trait("Req", "R-225")]
    public async Task A_handler_that_blocks_its_thread_costs_no_more_than_the_timeout()
    {
        using ManualResetEventSlim release = new();
        HostileHandler handler = new((_, _) =>
        {
            release.Wait();
            return Task.FromResult(Respond.Token("late", 60));
        });
        TokenProvider tokens = Hostile.Create(options => (options.Timeout, options.AttemptTimeout) = (TimeSpan.FromMilliseconds(300), TimeSpan.FromMilliseconds(200)), handler);
        Task call = tokens.GetTokenAsync().AsTask();
        bool ended = await Hostile.EndsAsync(call);
        release.Set();
        Assert.True(ended, "a Timeout of 300 ms was not over after 5 seconds");
    }

    [Fact]
    [Trait("Req", "R-105")]
    public async Task A_late_failure_is_seen_also_when_a_callback_threw()
    {
        List<AggregateException> unobserved = [];
        void Collect(object? sender, UnobservedTaskExceptionEventArgs arguments) => unobserved.Add(arguments.Exception);
        TaskScheduler.UnobservedTaskException += Collect;
        try
        {
            await FailLateAsync();
            for (int round = 0; round < 5; round++)
            {
                await Task.Delay(50);
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }
        }
        finally
        {
            TaskScheduler.UnobservedTaskException -= Collect;
        }

        Assert.DoesNotContain(unobserved.SelectMany(exception => exception.Flatten().InnerExceptions), exception => exception.Message is "late" or "callback");

        static async Task FailLateAsync()
        {
            TaskCompletionSource<string> late = new(TaskCreationOptions.RunContinuationsAsynchronously);
            TokenProvider tokens = Hostile.Create(
                options =>
                {
                    (options.ClientSecret, options.Timeout) = (null, TimeSpan.FromMilliseconds(100));
                    options.UseClientAssertion(cancellationToken =>
                    {
                        cancellationToken.Register(() => throw new InvalidOperationException("callback"));
                        return new(late.Task);
                    });
                },
                new TestAuthorizationServer().CreateHandler());
            await Record.ExceptionAsync(async () => await tokens.GetTokenAsync());
            late.SetException(new InvalidOperationException("late"));
        }
    }

    [Fact]
    [Trait("Req", "R-063")]
    [Trait("Req", "R-064")]
    public async Task A_connection_that_is_not_made_within_the_handlers_own_limit_is_tried_again()
    {
        int connects = 0;
        SocketsHttpHandler handler = new()
        {
            ConnectTimeout = TimeSpan.FromMilliseconds(50),
            ConnectCallback = async (_, cancellationToken) =>
            {
                Interlocked.Increment(ref connects);
                await Task.Delay(Timeout.Infinite, cancellationToken);
                throw new UnreachableException();
            },
        };
        TokenProvider tokens = Hostile.Create(options => options.MaxRetries = 2, handler);
        TokenRequestException failure = await Assert.ThrowsAsync<TokenRequestException>(async () => await tokens.GetTokenAsync());
        Assert.True(failure.Attempts == 3, $"{failure.Attempts} attempt(s), transient: {failure.IsTransient}: {failure.Message}");
    }

    [Fact]
    [Trait("Req", "R-064")]
    public async Task A_server_that_asks_to_be_left_alone_is_not_asked_faster_when_the_limit_is_zero()
    {
        TestAuthorizationServer endpoint = new(new TestTimeProvider());
        endpoint.Always(TestResponse.Unavailable(TimeSpan.FromSeconds(30)));
        using OneClient client = new(endpoint, options => (options.MaxRetries, options.MaxRetryAfter) = (2, TimeSpan.Zero));
        await client.FailAsync();
        Assert.True(endpoint.Requests[^1].At > endpoint.Requests[0].At, $"{endpoint.Requests.Count} attempts in one moment");
    }
}
