using System.Net;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Caching;

/// <summary>No failure is left to the finalizer, even if nobody waits for it any more.</summary>
[Collection(nameof(Alone))]
public sealed class UnobservedTests
{
    [Fact]
    [Trait("Req", "R-105")]
    public async Task No_failure_goes_unobserved()
    {
        List<Exception> unobserved = [];
        void Collect(object? sender, UnobservedTaskExceptionEventArgs arguments) => unobserved.Add(arguments.Exception);
        TaskScheduler.UnobservedTaskException += Collect;
        try
        {
            for (int round = 0; round < 20; round++)
            {
                await FailInEveryWayAsync();
            }

            for (int round = 0; round < 3; round++)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }
        }
        finally
        {
            TaskScheduler.UnobservedTaskException -= Collect;
        }

        Assert.Empty(unobserved);
    }

    private static async Task FailInEveryWayAsync()
    {
        // The request fails when nobody waits for it any more.
        await using TestProvider abandoned = new();
        TaskCompletionSource release = new(TaskCreationOptions.RunContinuationsAsynchronously);
        abandoned.Server.Always(TestResponse.Token().After(_ => release.Task));
        using CancellationTokenSource gone = new();
        Task<AccessToken> caller = abandoned.Tokens.GetTokenAsync(cancellationToken: gone.Token).AsTask();
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => caller);
        release.SetException(new HttpRequestException("refused"));
        await abandoned.SettleAsync();

        // A background renewal fails.
        await using TestProvider renewing = new();
        await renewing.GetAsync();
        renewing.Server.Always(TestResponse.Status(HttpStatusCode.ServiceUnavailable));
        renewing.Time.Advance(TimeSpan.FromSeconds(3500));
        await renewing.GetAndSettleAsync(requests: 2);

        // The provider is disposed during a request that ignores cancellation and fails later.
        TestProvider disposed = new();
        TaskCompletionSource late = new(TaskCreationOptions.RunContinuationsAsynchronously);
        disposed.Server.Always(TestResponse.Token().After(_ => late.Task));
        Task<string> waiter = disposed.GetAsync();
        await Eventually.True(() => disposed.Server.Requests.Count == 1);
        Task disposal = disposed.DisposeAsync().AsTask();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => waiter);
        late.SetException(new InvalidOperationException("late"));
        await disposal;

        // A hook fails after Timeout, and a cancellation callback throws.
        TaskCompletionSource<string> assertion = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using TestProvider hanging = new(options =>
        {
            options.ClientSecret = null;
            options.UseClientAssertion(cancellationToken =>
            {
                cancellationToken.Register(() => throw new InvalidOperationException("callback"));
                return new(assertion.Task);
            });
        });
        Task<TokenRequestException> timeout = hanging.FailAsync();
        await hanging.Time.AdvanceUntilAsync(timeout, TimeSpan.FromSeconds(5));
        assertion.SetException(new InvalidOperationException("late"));
    }
}
