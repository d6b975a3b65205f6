using System.Net;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Caching;

/// <summary>No failure is left to the finalizer, also when all who waited for it are gone.</summary>
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
        // Nobody waits any more when the flight fails.
        await using Provider abandoned = new();
        TaskCompletionSource release = new(TaskCreationOptions.RunContinuationsAsynchronously);
        abandoned.Endpoint.Always(TestResponse.Token().After(_ => release.Task));
        using CancellationTokenSource gone = new();
        Task<AccessToken> caller = abandoned.Tokens.GetTokenAsync(cancellationToken: gone.Token).AsTask();
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => caller);
        release.SetException(new HttpRequestException("refused"));
        await abandoned.SettleAsync();

        // A renewal behind the calls fails.
        await using Provider renewing = new();
        await renewing.GetAsync();
        renewing.Endpoint.Always(TestResponse.Status(HttpStatusCode.ServiceUnavailable));
        renewing.Time.Advance(TimeSpan.FromSeconds(3500));
        await renewing.GetAndSettleAsync(requests: 2);

        // The provider ends while a request hangs that does not listen, and that fails later.
        Provider disposed = new();
        TaskCompletionSource late = new(TaskCreationOptions.RunContinuationsAsynchronously);
        disposed.Endpoint.Always(TestResponse.Token().After(_ => late.Task));
        Task<string> waiter = disposed.GetAsync();
        await Eventually.True(() => disposed.Endpoint.Requests.Count == 1);
        Task disposal = disposed.DisposeAsync().AsTask();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => waiter);
        late.SetException(new InvalidOperationException("late"));
        await disposal;
    }
}
