using System.Diagnostics;
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

/// <summary>What came of a flight: a token, a failure, or nothing. After nothing its waiters start over.</summary>
internal readonly record struct FlightResult(AccessToken? Token, TokenRequestException? Failure);

/// <summary>One token request under way, shared by everyone who waits for it.</summary>
#pragma warning disable CA1001 // A cancellation source without timer and wait handle holds nothing to dispose.
internal sealed class Flight(FlightReason reason, WantedToken wanted, Func<Flight, Task> run)
{
    // Its task never faults: a failure is a value, of which each waiter makes its own exception.
    private readonly TaskCompletionSource<FlightResult> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ActivityContext _startedBy = Activity.Current?.Context ?? default;
    private int _hasStarted;

    public FlightReason Reason => reason;

    public WantedToken Wanted => wanted;

    /// <summary>The settings that were current when the flight was started.</summary>
    public ClientSettings Settings => wanted.Settings;

    /// <summary>The activity of the call that started the flight, if there is one.</summary>
    public ActivityContext StartedBy => _startedBy;

    /// <summary>Set under the source's lock when the present token was rejected: any other token is then worth having.</summary>
    public bool ReplacesRejected { get; set; } = reason == FlightReason.Unauthorized;

    /// <summary>
    /// Set under the source's lock when a caller without a token waits for a flight that has no retries: its failure is told.
    /// </summary>
    public bool HasWaiterWithoutToken { get; set; }

    public Task<FlightResult> Result => _result.Task;

    /// <summary>Ends when nothing is requested any more. When the flight was abandoned, that may be later than its result.</summary>
    public Task Ended => _ended.Task;

    public CancellationTokenSource Stop { get; } = new();

    /// <summary>Starts the flight, once. Called outside the source's lock by everyone who has seen the flight.</summary>
    public void Start()
    {
        if (Interlocked.Exchange(ref _hasStarted, 1) == 0)
        {
            // On another thread, so that a response that is there at once is not processed on the caller's.
            DetachedTask.Start(() => Task.Run(() => run(this))).ObserveFault();
        }
    }

    public void Complete(FlightResult result) => _result.TrySetResult(result);

    public void End() => _ended.TrySetResult();

    /// <summary>Ends the flight with nothing, because its source was retired.</summary>
    public void Abandon()
    {
        Complete(default);
        if (Interlocked.Exchange(ref _hasStarted, 1) == 0)
        {
            End();
        }

        // What your handlers do when they are cancelled may block or throw: nobody waits for it.
        Stop.CancelAsync().ObserveFault();
    }
}
#pragma warning restore CA1001
