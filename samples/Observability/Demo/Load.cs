using System.Diagnostics;

namespace Observability.Demo;

/// <summary>Calls the API through both HttpClients, five times a second each.</summary>
internal sealed class Load(IHttpClientFactory clients, TimeProvider timeProvider) : BackgroundService
{
    public const string ActivitySourceName = "Observability.Demo.Load";

    private static readonly ActivitySource Activities = new(ActivitySourceName);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    public Counter Orders { get; } = new(timeProvider);

    public Counter Invoices { get; } = new(timeProvider);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using PeriodicTimer timer = new(Interval, timeProvider);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            // Not awaited: a call that waits for its token does not delay the next ones.
            _ = CallAsync("orders", "/orders", Orders, stoppingToken);
            _ = CallAsync("billing", "/invoices", Invoices, stoppingToken);
        }
    }

    private async Task CallAsync(string client, string path, Counter counter, CancellationToken cancellationToken)
    {
        // In an application, this is the span of the request or message that it handles.
        using Activity? activity = Activities.StartActivity($"load {client}");
        try
        {
            using HttpResponseMessage response = await clients.CreateClient(client).GetAsync(path, cancellationToken);
            counter.Add(response.IsSuccessStatusCode);
        }
        catch (Exception) when (!cancellationToken.IsCancellationRequested)
        {
            // A TokenRequestException: the library has logged why there is no token.
            counter.Add(succeeded: false);
        }
        catch (OperationCanceledException)
        {
            // The application stops.
        }
    }
}
