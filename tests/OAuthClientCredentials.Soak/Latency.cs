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
        Report report = new();

        // Eight loops that never pause on fewer cores lose their core within a call now and then; a loop that calls nothing shows how long.
        (long calls, TimeSpan idle) = await LoopAsync(() => default, duration / 3, pause: false);
        report.Note("loops without a call, never pausing", calls);
        report.Note("milliseconds of the longest of them", Math.Round(idle.TotalMilliseconds, 2));
        (calls, TimeSpan longest) = await LoopAsync(() => tokens.GetTokenAsync(), duration / 3, pause: false);
        report.Note("gets, never pausing", calls);
        report.Note("milliseconds of the longest of them", Math.Round(longest.TotalMilliseconds, 2));
        await tokens.GetTokenAsync();
        int before = server.Requests;
        (calls, longest) = await LoopAsync(() => tokens.GetTokenAsync(), duration, pause: true);
        report.Note("renewals while they pause a millisecond", server.Requests - before);
        report.Note("gets", calls);
        report.AtMost("milliseconds of the longest get", longest.TotalMilliseconds, 5);
        return report;
    }

    private static async Task<(long Calls, TimeSpan Longest)> LoopAsync(Func<ValueTask<AccessToken>> get, TimeSpan duration, bool pause)
    {
        long began = Stopwatch.GetTimestamp();
        (long Calls, TimeSpan Longest)[] callers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            long calls = 0;
            TimeSpan longest = TimeSpan.Zero;
            while (Stopwatch.GetElapsedTime(began) < duration)
            {
                long before = Stopwatch.GetTimestamp();
                await get();
                TimeSpan took = Stopwatch.GetElapsedTime(before);
                longest = took > longest ? took : longest;
                calls++;
                await (pause ? Task.Delay(1) : YieldAsync());
            }

            return (calls, longest);
        })));
        return (callers.Sum(caller => caller.Calls), callers.Max(caller => caller.Longest));
    }

    private static async Task YieldAsync() => await Task.Yield();
}
