namespace OAuthClientCredentials.Resilience;

/// <summary>Helpers for work that no caller owns.</summary>
internal static class DetachedTask
{
    /// <summary>
    /// Observes the exception of a task that nobody may be awaiting, so that it is never an unobserved exception.
    /// </summary>
    public static void ObserveFault(this Task task) =>
        _ = task.ContinueWith(
            static task => task.Exception,
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);

    /// <summary>
    /// Starts shared work outside the caller's execution context: the caller's AsyncLocals and Activity do not belong to it.
    /// </summary>
    public static T Start<T>(Func<T> start)
    {
        if (ExecutionContext.IsFlowSuppressed())
        {
            return start();
        }

        using (ExecutionContext.SuppressFlow())
        {
            return start();
        }
    }
}
