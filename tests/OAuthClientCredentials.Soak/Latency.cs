using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;

namespace OAuthClientCredentials.Soak;

/// <summary>Eight callers get tokens in a loop while an endpoint that takes 200 ms renews them.</summary>
internal static class Latency
{
    public static async Task<Report> RunAsync(TimeSpan duration)
    {
        await using LoopbackServer server = new() { Lifetime = TimeSpan.FromSeconds(2) };
        server.Fault = async _ =>
        {
            await Task.Delay(200);
            return false;
        };
        await using ServiceProvider services = await server.StartAsync();
        ITokenProvider tokens = services.GetRequiredService<ITokenProvider>();
        await tokens.GetTokenAsync();
        long began = Stopwatch.GetTimestamp();
        (long Calls, TimeSpan Longest)[] callers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => LoopAsync(tokens, began, duration))));
        Report report = new();
        report.Note("renewals", server.Requests - 1);
        report.Note("gets", callers.Sum(caller => caller.Calls));
        report.AtMost("milliseconds of the longest get", callers.Max(caller => caller.Longest).TotalMilliseconds, 5);
        return report;
    }

    private static async Task<(long Calls, TimeSpan Longest)> LoopAsync(ITokenProvider tokens, long began, TimeSpan duration)
    {
        long calls = 0;
        TimeSpan longest = TimeSpan.Zero;
        while (Stopwatch.GetElapsedTime(began) < duration)
        {
            long before = Stopwatch.GetTimestamp();
            await tokens.GetTokenAsync();
            TimeSpan took = Stopwatch.GetElapsedTime(before);
            longest = took > longest ? took : longest;
            calls++;

            // Eight busy loops on two cores would measure the scheduler's slices, not the library.
            await Task.Yield();
        }

        return (calls, longest);
    }
}
