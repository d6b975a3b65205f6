using System.Diagnostics;

namespace OAuthClientCredentials.OutageRun;

/// <summary>Waits for a condition of another process. These run by the clock of the machine.</summary>
internal static class Wait
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    /// <summary>Asks four times a second and ends when it holds.</summary>
    /// <exception cref="OutageRunException">The condition did not hold within the limit.</exception>
    public static async Task UntilAsync(string what, TimeSpan limit, Func<Task<bool>> condition)
    {
        long start = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            if (Stopwatch.GetElapsedTime(start) > limit)
            {
                throw new OutageRunException($"{what}: not within {limit.TotalSeconds:0} s.");
            }

            await Task.Delay(Interval);
        }
    }
}
