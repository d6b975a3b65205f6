using System.Collections.Immutable;
using System.Diagnostics;
using OAuthClientCredentials.Clients;
using OAuthClientCredentials.Diagnostics;
using OAuthClientCredentials.Resilience;

namespace OAuthClientCredentials.TokenEndpoint;

/// <summary>One token to request: with which settings, for which request, with how many attempts, and what was sent so far.</summary>
internal sealed class WantedToken(ClientSettings settings, TokenRequest request, bool isAwaited)
{
    private const int MaxWaiters = 100;

    // The activities of the calls that wait.
    private ImmutableArray<ActivityContext> _waiters = [];

    /// <summary>The settings that were current at the start.</summary>
    public ClientSettings Settings => settings;

    /// <summary>The request, with the client's options filled in.</summary>
    public TokenRequest Request => request;

    /// <summary>The token to replace. A shared cache must not return it.</summary>
    public AccessToken? NotThisToken { get; init; }

    /// <summary>Why it is requested, as in logs, metrics and traces.</summary>
    public string Reason { get; init; } = "uncached";

    /// <summary>The activity of the call that started the request, if the request is shared.</summary>
    public ActivityContext StartedBy { get; init; }

    /// <summary>Measures and traces the request, once it has begun. A token from the shared cache needs no request.</summary>
    public TokenRequestSpan? Span { get; set; }

    /// <summary>Whether failed attempts are retried.</summary>
    public RetryAllowance Retries { get; } = new(isAwaited);

    /// <summary>The timestamp at which <see cref="ClientCredentialsOptions.Timeout"/> ends.</summary>
    public long Deadline { get; set; } = long.MaxValue;

    /// <summary>The token endpoint, once it is known.</summary>
    public Uri? Endpoint { get; set; }

    /// <summary>The number of token requests that were sent.</summary>
    public int Sent { get; set; }

    /// <summary>The lifetime that the server gave the token, before <see cref="ClientCredentialsOptions.MaxLifetime"/>.</summary>
    public TimeSpan? IssuedLifetime { get; set; }

    /// <summary>Whether it is waiting for a permit at the endpoint.</summary>
    public bool WaitsForPermit { get; set; }

    /// <param name="error">A value of <see cref="ErrorType"/>, or null after a success.</param>
    public void EndSpan(string? error) => Span?.End(Endpoint?.Host ?? settings.ServerAddress, Sent, error, _waiters);

    /// <summary>
    /// Adds the activity of a call that waits. Only the first hundred are kept, because exporters limit the links of a span.
    /// </summary>
    public void AddWaiter(ActivityContext waiter)
    {
        if (waiter != default && _waiters.Length < MaxWaiters)
        {
            ImmutableInterlocked.Update(ref _waiters, static (all, waiter) => all.Add(waiter), waiter);
        }
    }
}

/// <summary>Gets a token from the shared cache or the token endpoint.</summary>
internal delegate Task<AccessToken> FetchToken(WantedToken wanted, CancellationToken cancellationToken);
