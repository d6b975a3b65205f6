using System.Diagnostics;

namespace OAuthClientCredentials.Testing.Server;

/// <summary>Waits by the clock of a test, and ends the wait if nobody moves the clock .</summary>
internal static class StandingClock
{
    public const string Problem = "The response waits for the clock of the test, which stood still for 10 seconds. Advance the clock while "
        + "the call is under way, for instance with TestTimeProvider.AdvanceUntilCompletedAsync.";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    /// <summary>Returns false if the clock stood still.</summary>
    public static async Task<bool> DelayAsync(TimeSpan delay, TimeProvider timeProvider, CancellationToken cancellationToken)
    {
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task elapsed = Task.Delay(delay, timeProvider, stop.Token);
        while (!elapsed.IsCompleted)
        {
            long before = timeProvider.GetTimestamp();
            await Task.WhenAny(elapsed, Task.Delay(Limit, TimeProvider.System, stop.Token)).ConfigureAwait(false);

            // A debugger stops the clock of the test, but not the real one.
            if (!elapsed.IsCompleted && timeProvider.GetTimestamp() == before && !Debugger.IsAttached)
            {
                await stop.CancelAsync().ConfigureAwait(false);
                return false;
            }
        }

        await elapsed.ConfigureAwait(false);
        await stop.CancelAsync().ConfigureAwait(false);
        return true;
    }
}
