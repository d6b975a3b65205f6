using System.Diagnostics;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials.Caching;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;
using Polly;
using static OAuthClientCredentials.Tests.Infrastructure.TestProvider;

namespace OAuthClientCredentials.Tests.Caching;

/// <summary>Your hooks, handlers, loggers and listeners may throw or block: no caller waits forever.</summary>
[Collection(nameof(Alone))]
public sealed class HookTests
{
    [Fact]
    [Trait("Req", "R-105")]
    [Trait("Req", "R-225")]
    public async Task After_a_hook_that_throws_OutOfMemoryException_the_next_call_works()
    {
        int calls = 0;
        await using TestProvider provider = new(options =>
        {
            options.ClientSecret = null;

            options.UseClientAssertion(_ =>
            {
                if (Interlocked.Increment(ref calls) == 1)
                {
                    // What `new byte[int.MaxValue]` throws: one failed request in a healthy process.
                    throw new OutOfMemoryException();
                }

                return new("assertion");
            });
        });
        Task<Exception?> first = Record.ExceptionAsync(() => provider.GetAsync());
        Assert.True(await Eventually.CompletesAsync(first));
        Assert.NotNull(await first);
        Task<Exception?> second = Record.ExceptionAsync(() => provider.GetAsync());
        Assert.True(await Eventually.CompletesAsync(second));
    }

    [Fact]
    [Trait("Req", "R-011")]
    [Trait("Req", "R-225")]
    public async Task A_cancellation_callback_that_blocks_holds_up_no_caller_beyond_Timeout()
    {
        using ManualResetEventSlim release = new();
        TestProvider provider = new(
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
            server: new());
        Assert.True(await Eventually.CompletesAsync(provider.FailAsync()));
        release.Set();
    }

    [Fact]
    [Trait("Req", "R-011")]
    [Trait("Req", "R-225")]
    public async Task A_handler_that_blocks_its_thread_holds_up_no_caller_beyond_Timeout()
    {
        using ManualResetEventSlim release = new();
        TestProvider provider = new(
            options => (options.Timeout, options.AttemptTimeout) = (TimeSpan.FromMilliseconds(300), TimeSpan.FromMilliseconds(200)),
            server: new(),
            handler: new StubHandler(_ =>
            {
                release.Wait();
                return Respond.Token("late", 60);
            }));
        Assert.True(await Eventually.CompletesAsync(provider.FailAsync()));
        release.Set();
    }

    [Fact]
    [Trait("Req", "R-225")]
    public async Task A_cancellation_callback_that_throws_later_does_not_lose_the_token()
    {
        await using TestProvider provider = new(options =>
        {
            options.ClientSecret = null;
            options.UseResiliencePipeline(ResiliencePipeline.Empty);
            options.UseClientAssertion(cancellationToken =>
            {
                cancellationToken.Register(() => throw new InvalidOperationException("callback"));
                return new("assertion");
            });
        });
        Assert.Equal("token-1", await provider.GetAsync());
    }

    [Fact]
    [Trait("Req", "R-094")]
    [Trait("Req", "R-225")]
    public async Task A_cancellation_callback_runs_outside_the_lock_of_the_provider()
    {
        TestProvider? provider = null;
        TaskCompletionSource started = new();
        bool? free = null;
        provider = new(handler: new StubHandler((_, cancellationToken) =>
        {
            // Not disposed: the handle below is set before the callbacks run.
            cancellationToken.Register(() => free ??= Task.Run(() => provider!.Tokens.GetSource("", null)).Wait(TimeSpan.FromSeconds(3)));
            started.TrySetResult();
            cancellationToken.WaitHandle.WaitOne();
            throw new OperationCanceledException(cancellationToken);
        }));
        Task<Exception?> waiting = Record.ExceptionAsync(() => provider.GetAsync());
        await started.Task;
        await Task.Run(() => provider.Tokens.Forget(""));
        await Eventually.True(() => free is not null);
        Assert.True(free, "another thread could not use the provider while a request was being cancelled");
        await provider.DisposeAsync();
        await waiting;
    }

    [Fact]
    [Trait("Req", "R-103")]
    [Trait("Req", "R-225")]
    public async Task A_cancellation_callback_that_throws_neither_fails_nor_interrupts_Forget()
    {
        using ManualResetEventSlim release = new();
        int started = 0;
        await using TestProvider provider = new(handler: new StubHandler((_, cancellationToken) =>
        {
            cancellationToken.Register(() => throw new InvalidOperationException("callback"));
            Interlocked.Increment(ref started);
            release.Wait();
            throw new OperationCanceledException();
        }));
        TokenRequest[] requests = [Scope("a"), Scope("b"), Scope("c")];
        Task[] waiting = [.. requests.Select(request => Record.ExceptionAsync(() => provider.GetAsync("", request)))];
        await Eventually.True(() => Volatile.Read(ref started) == 3);
        TokenSource[] sources = [.. requests.Select(request => provider.Tokens.GetSource("", request))];
        Exception? thrown = Record.Exception(() => provider.Tokens.Forget(""));
        bool[] retired = [.. sources.Select(source => source.IsRetired)];
        release.Set();
        Assert.Null(thrown);
        Assert.Equal([true, true, true], retired);
    }

    [Fact]
    [Trait("Req", "R-094")]
    [Trait("Req", "R-225")]
    public async Task An_authentication_is_compared_outside_the_lock_of_the_provider()
    {
        TestProvider? provider = null;
        bool isUsed = false;
        int blocked = 0;
        ComparingAuthentication authentication = new(() =>
        {
            if (isUsed && !Task.Run(() => provider!.Tokens.GetStatus("a")).Wait(500))
            {
                blocked++;
            }
        });
        provider = FromConfiguration(
            [("a:TokenEndpoint", TestProvider.TokenEndpoint), ("a:ClientId", "shop"), ("a:MaxRetries", "0")],
            services => services.PostConfigure<ClientCredentialsOptions>("a", options => options.UseAuthentication(authentication)));
        await provider.GetAsync("a");
        isUsed = true;
        provider.Reload("a:Timeout", "00:00:20");
        Assert.Equal(0, blocked);
        await provider.DisposeAsync();
    }

    [Fact]
    [Trait("Req", "R-094")]
    [Trait("Req", "R-225")]
    public async Task A_logger_that_blocks_holds_up_no_caller()
    {
        using ManualResetEventSlim release = new();
        using LogLines log = new(id => BlockOn(id is 1 or 2 or 3, release));
        await using TestProvider provider = new(log: log);
        Assert.Equal("token-1", await provider.GetAsync().WaitAsync(TimeSpan.FromSeconds(20)));
        provider.Tokens.Forget("");
        Assert.Equal("token-2", await provider.GetAsync().WaitAsync(TimeSpan.FromSeconds(20)));
        release.Set();
    }

    [Fact]
    [Trait("Req", "R-094")]
    [Trait("Req", "R-225")]
    public async Task A_logger_that_blocks_on_a_moved_endpoint_holds_up_no_other_request()
    {
        string host = "a";
        bool isBlocked = false;
        using ManualResetEventSlim release = new();
        using LogLines log = new(id =>
        {
            isBlocked |= id == 9;
            BlockOn(id == 9, release);
        });
        await using TestProvider provider = new(
            options =>
            {
                (options.TokenEndpoint, options.Authority) = (null, "https://id.example.com");
                options.AllowedEndpointHosts = ["a.example.com", "b.example.com"];
            },
            handler: new StubHandler(request =>
            {
                if (request.Method == HttpMethod.Post)
                {
                    return Respond.Token("token", 3600);
                }

                return Respond.Json(
                    HttpStatusCode.OK,
                    $$"""{"issuer":"https://id.example.com","token_endpoint":"https://{{host}}.example.com/token"}""");
            }),
            log: log);
        await provider.GetAsync();
        host = "b";
        provider.Time.Advance(TimeSpan.FromHours(2));
        Task<string> blocked = provider.GetAsync("", Scope("one"));
        await Eventually.True(() => isBlocked);
        Task<string> other = provider.GetAsync("", Scope("two"));
        bool ended = await Eventually.CompletesAsync(other);
        release.Set();
        await Task.WhenAll(blocked, other);
        Assert.True(ended);
    }

    [Fact]
    [Trait("Req", "R-225")]
    public async Task A_listener_that_throws_fails_no_call()
    {
        using ActivityListener listener = new()
        {
            ShouldListenTo = source => source.Name == "OAuthClientCredentials",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => throw new InvalidOperationException("canary"),
        };
        ActivitySource.AddActivityListener(listener);
        await using TestProvider provider = new();
        Assert.Equal("token-1", await provider.GetAsync().WaitAsync(TimeSpan.FromSeconds(20)));
    }

    private static void BlockOn(bool condition, ManualResetEventSlim release)
    {
        if (condition)
        {
            release.Wait();
        }
    }

    private sealed class ComparingAuthentication(Action onEquals) : ClientAuthentication
    {
        public override string Method => "mine";

        public override ValueTask WriteAsync(AuthorizationServerRequest request, CancellationToken cancellationToken) =>
            ValueTask.CompletedTask;

        public override bool Equals(object? obj)
        {
            onEquals();
            return obj is ComparingAuthentication;
        }

        public override int GetHashCode() => 1;
    }
}
