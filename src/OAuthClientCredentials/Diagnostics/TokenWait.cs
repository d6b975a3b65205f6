using System.Diagnostics;

namespace OAuthClientCredentials.Diagnostics;

/// <summary>
/// Measures how long one call waits for a token, and shows the wait in the call's own trace. A call that finds its token in the
/// cache never starts it.
/// </summary>
internal sealed class TokenWait(Telemetry telemetry, ClientContext client) : IDisposable
{
    private long? _startedAt;
    private Activity? _activity;

    /// <summary>Starts the wait, if it has not started yet.</summary>
    /// <returns>The activity of the wait; default if the call is not traced.</returns>
    public ActivityContext Start()
    {
        if (_startedAt is null)
        {
            _startedAt = client.TimeProvider.GetTimestamp();
            if (Activity.Current is not null)
            {
                Telemetry.Shield(() => _activity = Telemetry.Activities.StartActivity("oauth.token.wait"));
                _activity?.SetTag(Telemetry.ClientName, client.MetricName);
            }
        }

        return _activity?.Context ?? default;
    }

    /// <summary>Links the wait to the token request that it waited for.</summary>
    public void LinkTo(TokenRequestSpan? request)
    {
        if (request is not null && request.Context != default)
        {
            _activity?.AddLink(new(request.Context));
        }
    }

    public void Fail(TokenRequestException error) =>
        _activity?.SetStatus(ActivityStatusCode.Error).SetTag(Telemetry.Error, ErrorType.Of(error));

    public void Dispose()
    {
        if (_startedAt is { } startedAt)
        {
            telemetry.WaitEnded(client, client.TimeProvider.GetElapsedTime(startedAt));
            Telemetry.Shield(() => _activity?.Dispose());
        }
    }
}
