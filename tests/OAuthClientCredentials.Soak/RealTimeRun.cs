using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace OAuthClientCredentials.Soak;

/// <summary>
/// Real minutes over real sockets with 200 callers. One token response in ten is a 503, a reset, truncated, slow or missing. Each minute
/// has an outage and a revocation.
/// </summary>
internal static class RealTimeRun
{
    private const int Callers = 200;
    private const int Sources = 10;

    public static async Task<Report> RunAsync(TimeSpan duration)
    {
        await using SoakServer server = new() { Lifetime = TimeSpan.FromMinutes(2) };
        bool isDown = false;
        int faults = 0;
        int revocations = 0;
        server.Fault = context =>
        {
            int fault = Random.Shared.Next(isDown ? 2 : 50);
            faults += fault < 5 ? 1 : 0;
            return FailAsync(context, fault);
        };
        await using ServiceProvider services = await server.StartAsync();
        HttpClient api = services.GetRequiredService<IHttpClientFactory>().CreateClient("api");
        CallCounter counter = new();
        MemorySamples memory = new();
        using CancellationTokenSource end = new();
        List<int> connections = [];
        Task[] callers = [.. Enumerable.Range(0, Callers).Select(caller => Task.Run(() => LoopAsync(api, caller, counter, end.Token)))];
        long start = Stopwatch.GetTimestamp();
        for (int second = 0; Stopwatch.GetElapsedTime(start) < duration; second++)
        {
            // The outage is shorter than the rest of any token's lifetime.
            await Task.Delay(1000);
            isDown = second % 60 is > 30 and < 34;
            if (second % 60 == 10)
            {
                server.RevokeTokens();
                revocations += Sources;
            }

            if (second % 15 == 14)
            {
                memory.Add();
            }

            connections.Add(server.Connections);
        }

        TimeSpan elapsed = Stopwatch.GetElapsedTime(start);
        await end.CancelAsync();
        await Task.WhenAll(callers);
        double ideal = (Sources * elapsed / (0.75 * server.Lifetime)) + revocations;
        int third = connections.Count / 3;
        double middleConnections = connections.Skip(third).Take(third).Max();
        Report report = new();
        report.Note("calls", counter.Calls);
        report.Note("token requests, revocations, faults", $"{server.Requests}, {revocations}, {faults}");
        report.AtMost("tokens issued / ideal (elapsed / (0.75 lifetime) + revocations)", server.Issued / ideal, 1.1);
        report.AtMost("failed calls", counter.Failed, 0);
        report.AtMost("calls with 401 after the one replay", counter.Unauthorized, 0);
        report.Note("most connections at once", connections.Max());
        report.AtMost("connections of the last third / middle third", connections.Skip(2 * third).Max() / middleConnections, 1.1);
        memory.ReportTo(report);
        return report;
    }

    private static async Task<bool> FailAsync(HttpContext context, int fault)
    {
        switch (fault)
        {
            case 0:
                context.Response.StatusCode = 503;
                return true;
            case 1:
                context.Abort();
                return true;
            case 2:
                await Task.Delay(TimeSpan.FromSeconds(1), context.RequestAborted);
                return false;
            case 3:
                await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
                return true;
            case 4:
                context.Response.ContentLength = 100;
                await context.Response.WriteAsync("{");
                context.Abort();
                return true;
            default:
                return false;
        }
    }

    private static async Task LoopAsync(HttpClient api, int caller, CallCounter counter, CancellationToken end)
    {
        TokenRequest request = new() { Scopes = [$"scope-{caller % Sources}"] };
        while (!end.IsCancellationRequested)
        {
            await counter.CallAsync(api, request);
            await Task.Delay(20, CancellationToken.None);
        }
    }
}
