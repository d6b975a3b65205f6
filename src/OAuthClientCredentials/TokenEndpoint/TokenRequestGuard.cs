using OAuthClientCredentials.Clients;
using OAuthClientCredentials.Diagnostics;
using OAuthClientCredentials.Resilience;
using Polly.Timeout;

namespace OAuthClientCredentials.TokenEndpoint;

/// <summary>Applies the time limit to a token request, and turns every failure into a TokenRequestException .</summary>
internal static class TokenRequestGuard
{
    /// <summary>Runs a request of a single caller, whose cancellation ends it.</summary>
    /// <exception cref="TokenRequestException">The request failed.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public static async Task<AccessToken> RunForCallerAsync(
        WantedToken wanted,
        FetchToken work,
        TimeProvider timeProvider,
        CancellationToken cancellationToken)
    {
        CancellationTokenSource stop = new();
        using CancellationTokenRegistration caller = cancellationToken
            .UnsafeRegister(static stop => ((CancellationTokenSource)stop!).Cancel(), stop);
        try
        {
            return await RunAsync(wanted, work, timeProvider, stop).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            throw new OperationCanceledException(cancellationToken);
        }
    }

    /// <summary>Requests a token within the time limit.</summary>
    /// <param name="wanted">The token to request.</param>
    /// <param name="work">Requests it.</param>
    /// <param name="timeProvider">The clock.</param>
    /// <param name="stop">Cancels the work. It is cancelled here when the time limit is reached.</param>
    /// <exception cref="TokenRequestException">No token was obtained.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> was cancelled by the caller.</exception>
    public static async Task<AccessToken> RunAsync(
        WantedToken wanted,
        FetchToken work,
        TimeProvider timeProvider,
        CancellationTokenSource stop)
    {
        try
        {
            AccessToken token = await LimitAsync(wanted, work, timeProvider, stop).ConfigureAwait(false);
            wanted.EndSpan(null);
            return token;
        }
        catch (TokenRequestException exception)
        {
            if (exception.IsFromCooldown && wanted.Sent == 0)
            {
                wanted.Span?.Discard();
            }
            else
            {
                wanted.EndSpan(ErrorType.Of(exception));
            }

            throw;
        }
        catch (OperationCanceledException)
        {
            wanted.EndSpan(ErrorType.Cancelled);
            throw;
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
