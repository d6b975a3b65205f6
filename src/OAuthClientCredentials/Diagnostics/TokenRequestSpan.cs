using System.Diagnostics;

namespace OAuthClientCredentials.Diagnostics;

/// <summary>
/// Measures and traces one token request with its retries. A shared request has no parent activity, because it is not part of the call
/// that started it. Links point to the calls that need it.
/// </summary>
internal sealed class TokenRequestSpan
{
    private readonly Telemetry _telemetry;
    private readonly ClientContext _client;
    private readonly string _reason;
    private readonly long _startedAt;
    private readonly Activity? _activity;

    public TokenRequestSpan(Telemetry telemetry, ClientContext client, string reason, ActivityContext startedBy)
    {
        _telemetry = telemetry;
        _client = client;
        _reason = reason;
        _startedAt = client.TimeProvider.GetTimestamp();
        ActivityLink[]? links = startedBy == default ? null : [new(startedBy)];
        Activity? activity = null;
        Telemetry.Shield(() =>
            activity = Telemetry.Activities.StartActivity(ActivityKind.Client, name: "oauth.token_request", links: links));
        _activity = activity;
    }

    public ActivityContext Context => _activity?.Context ?? default;

    /// <summary>Ends the request.</summary>
    /// <param name="server">The host of the token endpoint.</param>
    /// <param name="attempts">How many HTTP requests were sent.</param>
    /// <param name="error">A value of <see cref="ErrorType"/>, or null after a success.</param>
    /// <param name="waiters">The activities of the calls that waited.</param>
    public void End(string server, int attempts, string? error, IEnumerable<ActivityContext> waiters)
    {
        _telemetry.RequestEnded(_client, _reason, server, attempts, error, _client.TimeProvider.GetElapsedTime(_startedAt));
        if (_activity is null)
        {
            return;
        }

        _activity.SetTag(Telemetry.ClientName, _client.MetricName).SetTag(Telemetry.Reason, _reason);
        _activity.SetTag(Telemetry.ServerAddress, server).SetTag(Telemetry.AttemptCount, attempts);
        if (error is not null)
        {
            _activity.SetStatus(ActivityStatusCode.Error).SetTag(Telemetry.Error, error);
        }

        foreach (ActivityContext waiter in waiters)
        {
            _activity.AddLink(new(waiter));
        }

        Telemetry.Shield(_activity.Dispose);
    }

    /// <summary>Ends without a record, because nothing was sent during the cool-down.</summary>
    public void Discard()
    {
        if (_activity is not null)
        {
            _activity.IsAllDataRequested = false;
            _activity.ActivityTraceFlags &= ~ActivityTraceFlags.Recorded;
            Telemetry.Shield(_activity.Dispose);
        }
    }
}
