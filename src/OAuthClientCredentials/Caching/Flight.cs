using System.Diagnostics;
using OAuthClientCredentials.Configuration;
using OAuthClientCredentials.Diagnostics;

namespace OAuthClientCredentials.Caching;

internal enum FlightReason
{
    Cold,
    Due,
    Expired,
    Unauthorized,
}

/// <summary>One token request under way, shared by everyone who waits for it.</summary>
#pragma warning disable CA1001 // A cancellation source without timer and wait handle holds nothing to dispose.
internal sealed class Flight(FlightReason reason, ClientSettings settings)
{
    // Its task never faults: a failure is a value, of which each waiter makes its own exception.
    private readonly TaskCompletionSource<FlightResult> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private readonly CancellationTokenSource _cancellation = new();

    public FlightReason Reason => reason;

    /// <summary>The activity of the call that made the flight necessary, if there is one.</summary>
    public ActivityContext StartedBy { get; } = Activity.Current?.Context ?? default;

    /// <summary>The settings that were current when the flight began.</summary>
    public ClientSettings Settings => settings;

    /// <summary>The timestamp until which a valid token spares everybody the wait: so long a failed attempt is not repeated at once .</summary>
    public long BehindUntil { get; init; } = long.MinValue;

    /// <summary>Set under the source's lock when the present token was rejected: then callers wait instead of using it.</summary>
    public bool ReplacesRejected { get; set; } = reason == FlightReason.Unauthorized;

    /// <summary>Ends with the last work of the flight, after its result.</summary>
    public Task Ended { get; set; } = Task.CompletedTask;

    public Task<FlightResult> Result => _completion.Task;

    public CancellationToken CancellationToken => _cancellation.Token;

    public void Complete(FlightResult result) => _completion.TrySetResult(result);

    /// <summary>Ends the flight without a result; its waiters look for the source's successor.</summary>
    public void Abandon()
    {
        Complete(default);

        // what a handler does when it is cancelled may block or throw, and we are under locks here.
        _cancellation.CancelAsync().ObserveFault();
    }
}
#pragma warning restore CA1001

/// <summary>What came of a flight: a token, a failure, or nothing because its source was retired.</summary>
internal readonly record struct FlightResult(AccessToken? Token, TokenRequestException? Failure);
