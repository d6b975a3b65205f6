using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace OAuthClientCredentials.Soak;

/// <summary>Real minutes over real sockets: 200 callers; one answer in ten is a 503, a reset, cut off, slow or never comes; outages, and revocations between them.</summary>
internal static class Minutes
{
    private const int Callers = 200;
    private const int Sources = 10;

    public static async Task<Report> RunAsync(TimeSpan duration)
    {
        await using LoopbackServer server = new() { Lifetime = TimeSpan.FromMinutes(2) };
        bool isOut = false;
        int faults = 0;
        int revocations = 0;
        server.Fault = context =>
        {
            int fault = isOut ? Random.Shared.Next(2) : Random.Shared.Next(50);
            faults += fault < 5 ? 1 : 0;
            return MisbehaveAsync(context, fault);
        };
        await using ServiceProvider services = await server.StartAsync();
        HttpClient api = services.GetRequiredService<IHttpClientFactory>().CreateClient("api");
        Tally tally = new();
        Memory memory = new();
        using CancellationTokenSource end = new();
        List<int> connections = [];
        Task[] callers = [.. Enumerable.Range(0, Callers).Select(caller => Task.Run(() => LoopAsync(api, new() { Scopes = [$"scope-{caller % Sources}"] }, tally, end.Token)))];
        long began = Stopwatch.GetTimestamp();
        for (int second = 0; Stopwatch.GetElapsedTime(began) < duration; second++)
        {
            // In each minute a revocation, and an outage that every token outlives.
            await Task.Delay(1000);
            isOut = second % 60 is > 30 and < 34;
            if (second % 60 == 10)
            {
                server.RevokeTokens();
                revocations += Sources;
            }

            if (second % 15 == 14)
            {
                memory.Sample();
            }

            connections.Add(server.Connections);
        }

        TimeSpan elapsed = Stopwatch.GetElapsedTime(began);
        await end.CancelAsync();
        await Task.WhenAll(callers);
        double ideal = (Sources * elapsed / (0.75 * server.Lifetime)) + revocations;
        Report report = new();
        report.Note("calls", tally.Calls);
        report.Note("token requests, revocations, faults", $"{server.Requests}, {revocations}, {faults}");
        report.AtMost("tokens issued over ideal (elapsed / (0.75 lifetime) + revocations)", server.Issued / ideal, 1.1);
        report.AtMost("calls that failed", tally.Failed, 0);
        report.AtMost("calls answered 401 after the one replay", tally.Unauthorized, 0);
        report.Note("connections at once, at most", connections.Max());
        report.AtMost("connections of the last third over the middle one", connections.Skip(connections.Count * 2 / 3).Max() / (double)connections.Skip(connections.Count / 3).Take(connections.Count / 3).Max(), 1.1);
        memory.ReportTo(report);
        return report;
    }

    private static async Task<bool> MisbehaveAsync(HttpContext context, int fault)
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

    private static async Task LoopAsync(HttpClient api, TokenRequest request, Tally tally, CancellationToken end)
    {
        while (!end.IsCancellationRequested)
        {
            await tally.CountAsync(async () =>
            {
                using HttpRequestMessage message = new(HttpMethod.Get, "/orders");
                message.SetTokenRequest(request);
                using HttpResponseMessage response = await api.SendAsync(message, CancellationToken.None);
                return response.StatusCode;
            });
            await Task.Delay(20, CancellationToken.None);
        }
    }
}
