using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;

namespace OAuthClientCredentials.Soak;

/// <summary>The token is revoked while 200 calls are at the API: each meets a 401.</summary>
internal static class Storm
{
    private const int InFlight = 200;

    public static async Task<Report> RunAsync()
    {
        await using LoopbackServer server = new() { Lifetime = TimeSpan.FromHours(1) };
        await using ServiceProvider services = await server.StartAsync();
        HttpClient api = services.GetRequiredService<IHttpClientFactory>().CreateClient("api");
        await CallAllAsync(api);
        server.RevokeTokens();
        TaskCompletionSource open = new(TaskCreationOptions.RunContinuationsAsynchronously);
        int arrived = 0;
        server.BeforeCall = () =>
        {
            Interlocked.Increment(ref arrived);
            return open.Task;
        };
        Task<int> calls = CallAllAsync(api);
        while (Volatile.Read(ref arrived) < InFlight)
        {
            await Task.Delay(5);
        }

        long began = Stopwatch.GetTimestamp();
        open.SetResult();
        int answered = await calls;
        TimeSpan took = Stopwatch.GetElapsedTime(began);
        Report report = new();
        report.AtMost("renewals", server.Requests - 1, 1);
        report.AtMost("milliseconds from the first 401 to the last answer", took.TotalMilliseconds, 250);
        report.AtMost("calls lost", InFlight - answered, 0);
        return report;
    }

    private static async Task<int> CallAllAsync(HttpClient api)
    {
        HttpResponseMessage[] responses = await Task.WhenAll(Enumerable.Range(0, InFlight).Select(_ => api.GetAsync("/orders")));
        int answered = responses.Count(response => response.IsSuccessStatusCode);
        Array.ForEach(responses, response => response.Dispose());
        return answered;
    }
}
