using OAuthClientCredentials.Diagnostics;
using Polly;

namespace OAuthClientCredentials.Resilience;

/// <summary>All attempts at one token request: a first one, and what the pipeline makes of its failure.</summary>
internal sealed class Attempts(ClientName client, ClientCredentialsOptions options, TimeProvider timeProvider, long behindUntil, Func<Attempts, CancellationToken, ValueTask<AccessToken>> attempt)
{
    private readonly long _deadline = timeProvider.GetTimestamp() + (long)(options.Timeout.TotalSeconds * timeProvider.TimestampFrequency);

    private TokenRequestException? _firstFailure;
    private CancellationTokenSource? _limit;
    private int _queue;

    /// <summary>How many requests were sent.</summary>
    public int Sent { get; set; }

    /// <summary>What is said if it ends here for want of time.</summary>
    public TokenRequestException TimedOut(TimeSpan limit) => _queue == 0 ? client.TimedOut(limit) : client.HadNoTurn(limit, _queue);

    /// <summary>While a request waits for others, its attempt takes no time.</summary>
    public void BeginWait(int queue)
    {
        _queue = queue;
        _limit?.CancelAfter(Timeout.InfiniteTimeSpan);
    }

    public void EndWait()
    {
        _queue = 0;
        _limit?.CancelAfter(options.AttemptTimeout);
    }

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
        return options.Pipeline is null ? BoundedAsync(cancellationToken) : attempt(this, cancellationToken);
    }

    private async ValueTask<AccessToken> BoundedAsync(CancellationToken cancellationToken)
    {
        using CancellationTokenSource limit = new(options.AttemptTimeout, timeProvider);
        using CancellationTokenRegistration outer = cancellationToken.UnsafeRegister(static limit => ((CancellationTokenSource)limit!).Cancel(), limit);
        _limit = limit;
        try
        {
            return await attempt(this, limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw client.TimedOut(options.AttemptTimeout);
        }
        finally
        {
            _limit = null;
        }
    }
}
