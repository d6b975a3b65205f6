using OAuthClientCredentials.Clients;
using OAuthClientCredentials.Resilience;
using Polly;

namespace OAuthClientCredentials.TokenEndpoint;

/// <summary>The attempts of a request to the authorization server: their retries and their time limit.</summary>
internal static class Attempts
{
    /// <summary>Runs every attempt, including the first one, inside the retry pipeline.</summary>
    public static async Task<AccessToken> RunAsync(WantedToken wanted, FetchToken attempt, CancellationToken cancellationToken)
    {
        ResilienceContext context = ResilienceContextPool.Shared.Get(cancellationToken);
        context.Properties.Set(RetryPipeline.Allowance, wanted.Retries);
        context.Properties.Set(RetryPipeline.Deadline, wanted.Deadline);
        try
        {
            return await wanted.Settings.Pipeline
                .ExecuteAsync(
                    static (context, state) => new ValueTask<AccessToken>(state.Attempt(state.Wanted, context.CancellationToken)),
                    context,
                    (Attempt: attempt, Wanted: wanted))
                .ConfigureAwait(false);
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }

    /// <summary>Applies <see cref="ClientCredentialsOptions.AttemptTimeout"/> to one attempt.</summary>
    public static async Task<AccessToken> LimitAsync(
        WantedToken wanted,
        Func<CancellationToken, Task<AccessToken>> exchange,
        TimeProvider timeProvider,
        CancellationToken cancellationToken)
    {
        ClientSettings settings = wanted.Settings;
        ClientCredentialsOptions options = settings.Options;
        if (options.Pipeline is not null)
        {
            // A custom pipeline has its own timeouts.
            return await exchange(cancellationToken).ConfigureAwait(false);
        }

        using CancellationTokenSource limit = new(options.AttemptTimeout, timeProvider);
        using CancellationTokenRegistration linkToCaller = cancellationToken
            .UnsafeRegister(static limit => ((CancellationTokenSource)limit!).Cancel(), limit);
        try
        {
            return await exchange(limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw TokenRequestErrors.TimedOut(settings.Context, options.AttemptTimeout);
        }
    }
}
