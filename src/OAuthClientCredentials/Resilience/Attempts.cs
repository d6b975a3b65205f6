using OAuthClientCredentials.Diagnostics;
using Polly;

namespace OAuthClientCredentials.Resilience;

/// <summary>All attempts at one token request: a first one, and what the pipeline makes of its failure.</summary>
internal sealed class Attempts(ClientName client, ClientCredentialsOptions options, TimeProvider timeProvider, long behindUntil, Func<CancellationToken, ValueTask<AccessToken>> attempt)
{
    private readonly long _deadline = timeProvider.GetTimestamp() + (long)(options.Timeout.TotalSeconds * timeProvider.TimestampFrequency);

    private TokenRequestException? _firstFailure;

    public async ValueTask<AccessToken> RunAsync(Func<ResiliencePipeline> pipeline, CancellationToken cancellationToken)
    {
        if (options.Pipeline is null && await FirstAsync(cancellationToken).ConfigureAwait(false) is { } token)
        {
            return token;
        }

        ResilienceContext context = ResilienceContextPool.Shared.Get(cancellationToken);
        context.Properties.Set(TokenPipeline.BehindUntil, behindUntil);
        context.Properties.Set(TokenPipeline.Deadline, _deadline);
        try
        {
            return await pipeline().ExecuteAsync(static (context, self) => self.NextAsync(context.CancellationToken), context, this).ConfigureAwait(false);
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }

    // nearly every request goes well at once. Only one that does not needs our pipeline, whose making is a quarter of a native application's way to its first token.
    private async ValueTask<AccessToken?> FirstAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await BoundedAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (TokenRequestException failure) when (failure.IsTransient)
        {
            _firstFailure = failure;
            return null;
        }
    }

    private ValueTask<AccessToken> NextAsync(CancellationToken cancellationToken)
    {
        if (_firstFailure is { } failure)
        {
            _firstFailure = null;
            return ValueTask.FromException<AccessToken>(failure);
        }

        // A pipeline of the application's own has its own timeouts.
        return options.Pipeline is null ? BoundedAsync(cancellationToken) : attempt(cancellationToken);
    }

    private async ValueTask<AccessToken> BoundedAsync(CancellationToken cancellationToken)
    {
        using CancellationTokenSource limit = new(options.AttemptTimeout, timeProvider);
        using CancellationTokenRegistration outer = cancellationToken.UnsafeRegister(static limit => ((CancellationTokenSource)limit!).Cancel(), limit);
        try
        {
            return await attempt(limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw client.TimedOut(options.AttemptTimeout);
        }
    }
}
