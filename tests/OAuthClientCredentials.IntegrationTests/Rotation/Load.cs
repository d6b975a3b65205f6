using System.Collections.Concurrent;
using OAuthClientCredentials.IntegrationTests.OidcProvider;

namespace OAuthClientCredentials.IntegrationTests.Rotation;

/// <summary>Callers that call the API one call after the other until they are told to stop.</summary>
internal sealed class Load
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _callers;
    private int _calls;

    public Load(OidcApplication application, int callers) =>
        _callers = Task.WhenAll(Enumerable.Range(0, callers).Select(_ => Task.Run(() => CallAsync(application))));

    public int Calls => Volatile.Read(ref _calls);

    public ConcurrentQueue<Exception> Failures { get; } = new();

    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _callers;
        _stop.Dispose();
    }

    private async Task CallAsync(OidcApplication application)
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await application.CallAsync();
            }
            catch (Exception exception) when (exception is HttpRequestException or TokenRequestException or InvalidOperationException or OperationCanceledException)
            {
                Failures.Enqueue(exception);
            }

            Interlocked.Increment(ref _calls);

            // The server is one thread, and has tokens to issue too.
            await Task.Delay(5);
        }
    }
}
