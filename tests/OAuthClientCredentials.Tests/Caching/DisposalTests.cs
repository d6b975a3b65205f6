using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Caching;

/// <summary>What disposing a provider ends, and what it waits for.</summary>
public sealed class DisposalTests
{
    [Fact]
    [Trait("Req", "R-103")]
    public async Task Disposing_ends_the_flight_and_its_waiters()
    {
        await using TestProvider provider = new();
        bool cancelled = false;
        provider.Server.Always(TestResponse.Token().After(async token =>
        {
            using CancellationTokenRegistration registration = token.Register(() => cancelled = true);
            await Task.Delay(Timeout.Infinite, token);
        }));
        Task<string> caller = provider.GetAsync();
        await Eventually.True(() => provider.Server.Requests.Count == 1);
        await provider.Tokens.DisposeAsync();
        await Eventually.True(() => cancelled);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => caller);
    }

    [Fact]
    [Trait("Req", "R-103")]
    public async Task Disposing_waits_for_a_cancelled_request_to_end()
    {
        await using TestProvider provider = new();
        TaskCompletionSource release = new();
        TaskCompletionSource cancelled = new();
        provider.Server.Always(TestResponse.Token().After(async token =>
        {
            using CancellationTokenRegistration registration = token.Register(() => cancelled.TrySetResult());
            await release.Task;
        }));
        Task<string> caller = provider.GetAsync();
        await Eventually.True(() => provider.Server.Requests.Count == 1);
        Task disposal = provider.Tokens.DisposeAsync().AsTask();
        await cancelled.Task;
        await Assert.ThrowsAsync<ObjectDisposedException>(() => caller);
        Assert.False(await Eventually.CompletesAsync(disposal, seconds: 0.1), "DisposeAsync did not wait.");
        release.SetResult();
        await disposal;
    }

    [Fact]
    [Trait("Req", "R-103")]
    public async Task Disposing_is_not_held_up_by_a_cancellation_callback_that_blocks()
    {
        using ManualResetEventSlim release = new();
        TaskCompletionSource started = new();
        TestProvider provider = new(handler: new StubHandler((_, cancellationToken) =>
        {
            cancellationToken.Register(release.Wait);
            started.TrySetResult();
            release.Wait();
            throw new OperationCanceledException();
        }));
        Task<Exception?> waiting = Record.ExceptionAsync(() => provider.GetAsync());
        await started.Task;
        Task disposal = Task.Run(() => provider.DisposeAsync().AsTask());
        try
        {
            // At most 5 seconds of the provider's clock.
            await provider.Time.AdvanceUntilAsync(disposal, max: TimeSpan.FromSeconds(6));
        }
        finally
        {
            release.Set();
        }

        await Task.WhenAll(disposal, waiting);
    }

    [Fact]
    [Trait("Req", "R-103")]
    public async Task A_service_provider_can_be_disposed_synchronously()
    {
        await using TestProvider provider = new();
        await provider.GetAsync();
        Assert.Null(Record.Exception(provider.Services.Dispose));
    }

    [Fact]
    [Trait("Req", "R-103")]
    public async Task Calls_after_disposal_throw_ObjectDisposedException_even_for_an_unknown_client()
    {
        await using TestProvider provider = new();
        TokenProvider tokens = provider.Tokens;
        await tokens.DisposeAsync();
        Assert.Throws<ObjectDisposedException>(() => tokens.Forget(""));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => tokens.GetTokenAsync().AsTask());
        await Assert.ThrowsAsync<ObjectDisposedException>(() => tokens.GetTokenAsync("unknown").AsTask());
    }
}
