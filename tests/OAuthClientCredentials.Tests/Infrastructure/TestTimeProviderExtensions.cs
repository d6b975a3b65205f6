using OAuthClientCredentials.Testing;

namespace OAuthClientCredentials.Tests.Infrastructure;

internal static class TestTimeProviderExtensions
{
    /// <summary>Advances the clock step by step until the task has completed.</summary>
    /// <param name="time">The clock.</param>
    /// <param name="task">The task. Whether it failed does not matter here.</param>
    /// <param name="step">How far the clock advances at a time. Defaults to 50 ms.</param>
    /// <param name="max">How far the clock advances at most. Defaults to one hour.</param>
    public static async Task AdvanceUntilAsync(this TestTimeProvider time, Task task, TimeSpan? step = null, TimeSpan? max = null)
    {
        TimeSpan by = step ?? TimeSpan.FromMilliseconds(50);
        DateTimeOffset end = time.GetUtcNow() + (max ?? TimeSpan.FromHours(1));

        // Other threads do their part of the work in real time: 2 ms for a short step, 20 ms for a second or more.
        double pause = Math.Clamp(by.TotalMilliseconds / 25, 2, 20) / 1000;
        while (time.GetUtcNow() < end && !await Eventually.CompletesAsync(task, pause))
        {
            time.Advance(by);
        }

        Assert.True(await Eventually.CompletesAsync(task), "The task did not complete.");
    }
}
