using OAuthClientCredentials.Clients;
using OAuthClientCredentials.Resilience;
using Polly.Timeout;

namespace OAuthClientCredentials.TokenEndpoint;

/// <summary>The one bound and the one catch-all around everything that is done for a wanted token .</summary>
internal static class TokenRequestBound
{
    /// <summary>Runs the work on another thread, so that your code that blocks one cannot outlast the time limit.</summary>
    /// <param name="wanted">The token that is wanted.</param>
    /// <param name="work">Obtains it.</param>
    /// <param name="timeProvider">The clock.</param>
    /// <param name="stop">Cancels the work. It is cancelled here when the time is up.</param>
    /// <exception cref="TokenRequestException">No token was obtained, for whatever reason.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> was cancelled from outside.</exception>
    public static async Task<AccessToken> RunAsync(
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
            // What your handlers do when they are cancelled may block: nobody waits for it.
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
        return wanted.WaitsForPermit
            ? TokenRequestErrors.HadNoPermit(settings.Context, limit, settings.Options.MaxConcurrentRequests)
            : TokenRequestErrors.TimedOut(settings.Context, limit);
    }
}
