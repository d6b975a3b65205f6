using System.Collections.Concurrent;
using OAuthClientCredentials.IntegrationTests.OidcProvider;

namespace OAuthClientCredentials.IntegrationTests.Rotation;

/// <summary>Eight callers that call the API without a pause until they are stopped.</summary>
internal sealed class BackgroundCalls
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _callers;
    private int _count;

    public BackgroundCalls(TestApplication application) =>
        _callers = Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => CallAsync(application))));

    public int Count => Volatile.Read(ref _count);

    public ConcurrentQueue<Exception> Failures { get; } = new();

    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _callers;
        _stop.Dispose();
    }

    private async Task CallAsync(TestApplication application)
    {
        while (!_stop.IsCancellationRequested)
        {
            if (await Record.ExceptionAsync(application.CallAsync) is { } exception)
            {
                Failures.Enqueue(exception);
            }

            Interlocked.Increment(ref _count);

            // The server has one thread, which also issues the tokens.
            await Task.Delay(5);
        }
    }
}
