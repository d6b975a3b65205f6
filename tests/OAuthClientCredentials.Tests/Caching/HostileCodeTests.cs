using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using OAuthClientCredentials.Caching;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Caching;

/// <summary>Code of the application's that throws, blocks or runs out of memory where we call it: nobody waits for ever, and no other client suffers.</summary>
[Collection(nameof(Alone))]
public sealed class HostileCodeTests
{
    [Fact]
    [Trait("Req", "R-225")]
    [Trait("Req", "R-105")]
    public async Task A_hook_that_runs_out_of_memory_leaves_nobody_waiting_and_the_client_alive()
    {
        int calls = 0;
        TokenProvider tokens = Hostile.Create(
            options =>
            {
                options.ClientSecret = null;

                // What `new byte[int.MaxValue]` and too large a MemoryStream throw: one request that failed, in a process that is well.
                options.UseClientAssertion(_ => Interlocked.Increment(ref calls) == 1 ? throw new OutOfMemoryException("Array dimensions exceeded supported range.") : new("assertion"));
            },
            new TestAuthorizationServer().CreateHandler());
        Task first = tokens.GetTokenAsync().AsTask();
        bool ended = await Hostile.EndsAsync(first, seconds: 3);
        Task second = tokens.GetTokenAsync().AsTask();
        bool recovered = await Hostile.EndsAsync(second, seconds: 3);
        Exception? disposal = await Record.ExceptionAsync(async () => await tokens.DisposeAsync());
        Assert.True(ended && recovered && disposal is null, $"first caller told: {ended}; a later caller served: {recovered}; DisposeAsync threw {disposal?.GetType().Name ?? "nothing"}");
    }

    [Fact]
    [Trait("Req", "R-094")]
    [Trait("Req", "R-225")]
    public async Task A_cancellation_callback_of_a_synchronous_handler_runs_under_no_lock()
    {
        TokenProvider? tokens = null;
        TaskCompletionSource started = new();
        bool? free = null;
        HostileHandler handler = new((_, cancellationToken) =>
        {
            // Not disposed: the handle below is set before the callbacks run.
            cancellationToken.Register(() => free ??= Task.Run(() => tokens!.GetSource("", null)).Wait(TimeSpan.FromSeconds(3)));
            started.TrySetResult();
            cancellationToken.WaitHandle.WaitOne();
            throw new OperationCanceledException(cancellationToken);
        });
        tokens = Hostile.Create(_ => { }, handler);
        Task waiting = tokens.GetTokenAsync().AsTask();
        await started.Task;
        await Task.Run(() => tokens.Forget(""));
        await Eventually.True(() => free is not null);
        Assert.True(free, "another thread could not get at the provider while the request was being cancelled: the application's callback runs under TokenProvider's lock");
    }

    [Fact]
    [Trait("Req", "R-103")]
    public async Task A_cancellation_callback_that_blocks_does_not_hold_up_the_shutdown()
    {
        using ManualResetEventSlim release = new();
        TaskCompletionSource started = new();
        HostileHandler handler = new((_, cancellationToken) =>
        {
            cancellationToken.Register(release.Wait);
            started.TrySetResult();
            release.Wait();
            throw new OperationCanceledException();
        });
        TokenProvider tokens = Hostile.Create(_ => { }, handler);
        Task waiting = tokens.GetTokenAsync().AsTask();
        await started.Task;
        Task disposal = Task.Run(async () => await tokens.DisposeAsync());
        bool ended = await Hostile.EndsAsync(disposal, seconds: 9);
        release.Set();
        await disposal;
        Assert.True(ended, "DisposeAsync took longer than 9 seconds; 5 are promised");
    }

    [Fact]
    [Trait("Req", "R-103")]
    [Trait("Req", "R-225")]
    public async Task A_cancellation_callback_that_throws_does_not_come_out_of_Invalidate_or_stop_it_halfway()
    {
        using ManualResetEventSlim release = new();
        int started = 0;
        HostileHandler handler = new((_, cancellationToken) =>
        {
            cancellationToken.Register(() => throw new InvalidOperationException("callback"));
            Interlocked.Increment(ref started);
            release.Wait();
            throw new OperationCanceledException();
        });
        TokenProvider tokens = Hostile.Create(_ => { }, handler);
        Task[] waiting = [.. Enumerable.Range(0, 3).Select(number => tokens.GetTokenAsync("", Hostile.Scope($"s{number}")).AsTask())];
        await Eventually.True(() => Volatile.Read(ref started) == 3);
        TokenSource[] sources = [.. Enumerable.Range(0, 3).Select(number => tokens.GetSource("", Hostile.Scope($"s{number}")))];
        Exception? thrown = Record.Exception(() => tokens.Forget(""));
        string retired = string.Join(' ', sources.Select(source => source.IsRetired));
        release.Set();
        Assert.True(thrown is null && sources.All(source => source.IsRetired), $"Invalidate threw {thrown?.GetType().Name ?? "nothing"}; retired: {retired}");
    }

    [Fact]
    [Trait("Req", "R-082")]
    public async Task A_monotonic_clock_may_be_below_zero()
    {
        OffsetClock clock = new(-TimeSpan.TicksPerDay * 1000);
        TestAuthorizationServer server = new(clock);
        TokenProvider tokens = Hostile.Create(_ => { }, server.CreateHandler(), clock);
        AccessToken first = await tokens.GetTokenAsync();
        clock.Time.Advance(TimeSpan.FromSeconds(3300));
        await tokens.GetTokenAsync();
        await Eventually.True(() => !tokens.IsInFlight());
        int due = server.Requests.Count;
        await tokens.RenewTokenAsync(await tokens.GetTokenAsync());
        await Eventually.True(() => !tokens.IsInFlight());
        Assert.True(due == 2 && server.Requests.Count == 3, $"requests when due: {due}, after a rejection: {server.Requests.Count}");
    }
}
