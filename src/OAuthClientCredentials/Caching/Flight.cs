using OAuthClientCredentials.Clients;
using OAuthClientCredentials.Resilience;
using OAuthClientCredentials.TokenEndpoint;

namespace OAuthClientCredentials.Caching;

/// <summary>Why a token is requested.</summary>
internal enum FlightReason
{
    NoToken,
    Due,
    Unauthorized,
}

internal static class FlightReasons
{
    /// <summary>The reason as in logs, metrics and traces.</summary>
    public static string ToWord(this FlightReason reason) => reason switch
    {
        FlightReason.NoToken => "no_token",
        FlightReason.Due => "due",
        _ => "unauthorized",
    };
}

/// <summary>The result of a flight: a token, a failure, or neither.</summary>
internal readonly record struct FlightResult(AccessToken? Token, TokenRequestException? Failure)
{
    /// <summary>Neither a token nor a failure: the waiters ask again.</summary>
    public static FlightResult StartOver => default;
}

/// <summary>One token request that is under way (single flight), shared by all its waiters.</summary>
#pragma warning disable CA1001 // A cancellation source without a timer or wait handle needs no disposal.
internal sealed class Flight(FlightReason reason, WantedToken wanted, Func<Flight, Task> run)
{
    // The task never faults. A failure is a value, and each waiter throws its own copy.
    private readonly TaskCompletionSource<FlightResult> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _hasStarted;

    public FlightReason Reason => reason;

    public WantedToken Wanted => wanted;

    /// <summary>The settings that were current when the flight was started.</summary>
    public ClientSettings Settings => wanted.Settings;

    /// <summary>Set under the source's lock when an API rejected the current token. Any other token then replaces it.</summary>
    public bool ReplacesRejected { get; set; } = reason == FlightReason.Unauthorized;

    /// <summary>
    /// Set under the source's lock when a caller without a token waits for a flight without retries. The caller then gets its failure.
    /// </summary>
    public bool HasWaiterWithoutToken { get; set; }

    public Task<FlightResult> Result => _result.Task;

    /// <summary>Completes when the token request has ended. For an abandoned flight this may be later than <see cref="Result"/>.</summary>
    public Task Ended => _ended.Task;

    public CancellationTokenSource Stop { get; } = new();

    /// <summary>Starts the flight, once. Every caller that sees the flight calls this, outside the source's lock.</summary>
    public void Start()
    {
        if (Interlocked.Exchange(ref _hasStarted, 1) == 0)
        {
            // On another thread, so that an immediate response is not processed on the caller's thread.
            DetachedTask.Start(() => Task.Run(() => run(this))).ObserveFault();
        }
    }

    public void Complete(FlightResult result) => _result.TrySetResult(result);

    public void End() => _ended.TrySetResult();

    /// <summary>Releases the waiters, because the source was retired.</summary>
    public void Abandon()
    {
        Complete(FlightResult.StartOver);
        if (Interlocked.Exchange(ref _hasStarted, 1) == 0)
        {
            End();
        }

        // Cancellation callbacks of user handlers may block or throw. Nobody waits for them.
        Stop.CancelAsync().ObserveFault();
    }
}
#pragma warning restore CA1001
