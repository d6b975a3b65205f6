using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;

namespace OAuthClientCredentials.Soak;

/// <summary>The token is revoked while 200 calls wait for the API: each of them receives a 401.</summary>
internal static class RevocationRun
{
    private const int CallCount = 200;

    public static async Task<Report> RunAsync()
    {
        await using SoakServer server = new() { Lifetime = TimeSpan.FromHours(1) };
        await using ServiceProvider services = await server.StartAsync();
        HttpClient api = services.GetRequiredService<IHttpClientFactory>().CreateClient("api");
        await CallAsync(api);
        server.RevokeTokens();
        TaskCompletionSource release = new(TaskCreationOptions.RunContinuationsAsynchronously);
        int waiting = 0;
        server.BeforeCall = () =>
        {
            Interlocked.Increment(ref waiting);
            return release.Task;
        };
        Task<int> calls = CallAsync(api);
        while (Volatile.Read(ref waiting) < CallCount)
        {
            await Task.Delay(5);
        }

        long start = Stopwatch.GetTimestamp();
        release.SetResult();
        int succeeded = await calls;
        TimeSpan elapsed = Stopwatch.GetElapsedTime(start);
        Report report = new();
        report.AtMost("renewals", server.Requests - 1, 1);
        report.AtMost("milliseconds from the first 401 to the last response", elapsed.TotalMilliseconds, 250);
        report.AtMost("failed calls", CallCount - succeeded, 0);
        return report;
    }

    private static async Task<int> CallAsync(HttpClient api)
    {
        HttpResponseMessage[] responses = await Task.WhenAll(Enumerable.Range(0, CallCount).Select(_ => api.GetAsync("/orders")));
        int succeeded = responses.Count(response => response.IsSuccessStatusCode);
        Array.ForEach(responses, response => response.Dispose());
        return succeeded;
    }
}
