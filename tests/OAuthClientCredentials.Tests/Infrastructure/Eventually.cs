namespace OAuthClientCredentials.Tests.Infrastructure;

/// <summary>Waits in real time for what a background task does.</summary>
internal static class Eventually
{
    public static async Task True(Func<bool> condition)
    {
        for (int round = 0; round < 200_000 && !condition(); round++)
        {
            await Task.Yield();
        }

        SpinWait.SpinUntil(condition, TimeSpan.FromSeconds(10));
        Assert.True(condition(), "The condition did not become true.");
    }

    /// <summary>Whether the task completes within so many seconds of real time.</summary>
    public static async Task<bool> CompletesAsync(Task task, double seconds = 5) =>
        await Task.WhenAny(task, Task.Delay(TimeSpan.FromSeconds(seconds))) == task;
}
