namespace OAuthClientCredentials.Diagnostics;

internal static class Unawaited
{
    /// <summary>Sees the failure of work that nobody may be waiting for any more .</summary>
    public static void ObserveFault(this Task task) =>
        _ = task.ContinueWith(static task => task.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);

    /// <summary>Starts what many share outside of the caller's context: neither its AsyncLocals nor its Activity belong to it .</summary>
    public static T StartDetached<T>(Func<T> start)
        where T : Task
    {
        bool flows = !ExecutionContext.IsFlowSuppressed();
        AsyncFlowControl suppressed = flows ? ExecutionContext.SuppressFlow() : default;
        try
        {
            return start();
        }
        finally
        {
            if (flows)
            {
                suppressed.Undo();
            }
        }
    }
}
