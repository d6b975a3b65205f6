namespace OAuthClientCredentials.Diagnostics;

internal static class Unawaited
{
    /// <summary>Sees the failure of work that nobody may be waiting for any more .</summary>
    public static void ObserveFault(this Task task) =>
        _ = task.ContinueWith(static task => task.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
}
