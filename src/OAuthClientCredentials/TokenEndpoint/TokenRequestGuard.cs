using OAuthClientCredentials.Clients;
using OAuthClientCredentials.Diagnostics;
using OAuthClientCredentials.Resilience;
using Polly.Timeout;

namespace OAuthClientCredentials.TokenEndpoint;

/// <summary>Applies the time limit to a token request, and turns every failure into a TokenRequestException .</summary>
internal static class TokenRequestGuard
{
    /// <summary>Requests a token within the time limit, and measures and traces the request.</summary>
    /// <param name="wanted">The token to request.</param>
    /// <param name="work">Requests it.</param>
    /// <param name="timeProvider">The clock.</param>
    /// <param name="events">Measures and traces it.</param>
    /// <param name="stop">Cancels the work. It is cancelled here when the time limit is reached.</param>
    /// <exception cref="TokenRequestException">No token was obtained.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> was cancelled by the caller.</exception>
    public static async Task<AccessToken> RunAsync(
        WantedToken wanted,
        FetchToken work,
        TimeProvider timeProvider,
        TokenEvents events,
        CancellationTokenSource stop)
    {
        try
        {
            return await MeasureAsync(wanted, work, timeProvider, events, stop).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is not (TokenRequestException or OperationCanceledException))
        {
            // A listener of the activities or meters threw.
            throw TokenRequestErrors.Broken(wanted.Settings.Context, exception).WithAttempts(wanted.Sent);
        }
    }

    private static async Task<AccessToken> MeasureAsync(
        WantedToken wanted,
        FetchToken work,
        TimeProvider timeProvider,
        TokenEvents events,
        CancellationTokenSource stop)
    {
        TokenRequestSpan span = events.StartRequest(wanted.Settings.Context, wanted.Reason, wanted.StartedBy);
        wanted.Span = span.Context;
        string? error = null;
        bool failed = false;
        try
        {
            return await LimitAsync(wanted, work, timeProvider, stop).ConfigureAwait(false);
        }
        catch (TokenRequestException exception)
        {
            error = ErrorType.Of(exception);
            failed = !exception.IsFromCooldown;
            throw;
        }
        catch (OperationCanceledException)
        {
            error = ErrorType.Cancelled;
            failed = true;
            throw;
        }
        finally
        {
            if (wanted.Sent > 0 || failed)
            {
                string server = wanted.Endpoint?.Host ?? wanted.Settings.ServerAddress;
                span.End(server, wanted.Sent, error, wanted.Waiters);
            }
            else
            {
                // The token came from the shared cache, or the error from the cool-down.
                span.Discard();
            }
        }
    }

    // The work runs on another thread, so that user code that blocks its thread cannot outlast the time limit.
    private static async Task<AccessToken> LimitAsync(
        WantedToken wanted,
        FetchToken work,
        TimeProvider timeProvider,
        CancellationTokenSource stop)
    {
        ClientSettings settings = wanted.Settings;
        CancellationToken cancellationToken = stop.Token;
        wanted.Deadline = timeProvider.GetTimestamp() + (long)(settings.Options.Timeout.TotalSeconds * timeProvider.TimestampFrequency);
        Task<AccessToken> running = Task.Run(() => work(wanted, cancellationToken), CancellationToken.None);
        running.ObserveFault();
        try
        {
            return await running.WaitAsync(settings.Options.Timeout, timeProvider, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (TimeoutException) when (!running.IsFaulted)
        {
            // Cancellation callbacks of user handlers may block. Nobody waits for them.
            stop.CancelAsync().ObserveFault();
            throw TimedOut(wanted, settings.Options.Timeout).WithAttempts(wanted.Sent);
        }
        catch (Exception exception) when (exception is TimeoutRejectedException or OperationCanceledException)
        {
            throw TimedOut(wanted, settings.Options.AttemptTimeout).WithAttempts(wanted.Sent);
        }
        catch (TokenRequestException exception)
        {
            throw exception.WithAttempts(wanted.Sent);
        }
        catch (Exception exception)
        {
            throw TokenRequestErrors.Broken(settings.Context, exception).WithAttempts(wanted.Sent);
        }
    }

    private static TokenRequestException TimedOut(WantedToken wanted, TimeSpan limit)
    {
        ClientSettings settings = wanted.Settings;
        if (wanted.WaitsForPermit)
        {
            return TokenRequestErrors.HadNoPermit(settings.Context, limit, settings.Options.MaxConcurrentRequests);
        }

        return TokenRequestErrors.TimedOut(settings.Context, limit);
    }
}
