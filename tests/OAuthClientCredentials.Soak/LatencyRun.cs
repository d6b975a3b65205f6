using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;

namespace OAuthClientCredentials.Soak;

/// <summary>Eight callers get tokens in a loop while a token endpoint that takes 200 ms renews them.</summary>
internal static class LatencyRun
{
    public static async Task<Report> RunAsync(TimeSpan duration)
    {
        await using SoakServer server = new() { Lifetime = TimeSpan.FromSeconds(2) };
        server.Fault = async _ =>
        {
            await Task.Delay(200);
            return false;
        };
        await using ServiceProvider services = await server.StartAsync();
        ITokenProvider tokens = services.GetRequiredService<ITokenProvider>();
        await tokens.GetTokenAsync();
        Report report = new();

        // Eight loops without a pause on fewer cores are preempted during a call now and then. An empty loop shows for how long.
        (long calls, TimeSpan longest) = await LoopAsync(() => default, duration / 3, pause: false);
        report.Note("empty loops without a pause", calls);
        report.Note("milliseconds of the longest of them", Math.Round(longest.TotalMilliseconds, 2));
        (calls, longest) = await LoopAsync(() => tokens.GetTokenAsync(), duration / 3, pause: false);
        report.Note("tokens without a pause", calls);
        report.Note("milliseconds of the longest of them", Math.Round(longest.TotalMilliseconds, 2));
        await tokens.GetTokenAsync();
        int before = server.Requests;
        (calls, longest) = await LoopAsync(() => tokens.GetTokenAsync(), duration, pause: true);
        report.Note("renewals during the loops with a pause of a millisecond", server.Requests - before);
        report.Note("tokens", calls);
        report.AtMost("milliseconds of the longest call", longest.TotalMilliseconds, 5);
        return report;
    }

    private static async Task<(long Calls, TimeSpan Longest)> LoopAsync(Func<ValueTask<AccessToken>> get, TimeSpan duration, bool pause)
    {
        long start = Stopwatch.GetTimestamp();
        IEnumerable<Task<(long Calls, TimeSpan Longest)>> loops = Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            long calls = 0;
            TimeSpan longest = TimeSpan.Zero;
            while (Stopwatch.GetElapsedTime(start) < duration)
            {
                long before = Stopwatch.GetTimestamp();
                await get();
                TimeSpan elapsed = Stopwatch.GetElapsedTime(before);
                longest = elapsed > longest ? elapsed : longest;
                calls++;
                await (pause ? Task.Delay(1) : YieldAsync());
            }

            return (calls, longest);
        }));
        (long Calls, TimeSpan Longest)[] callers = await Task.WhenAll(loops);
        return (callers.Sum(caller => caller.Calls), callers.Max(caller => caller.Longest));
    }

    private static async Task YieldAsync() => await Task.Yield();
}
