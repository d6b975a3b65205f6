using OAuthClientCredentials.Clients;
using OAuthClientCredentials.Resilience;

namespace OAuthClientCredentials.TokenEndpoint;

/// <summary>One token to request: with which settings, for which request, with how many attempts, and what was sent so far.</summary>
internal sealed class WantedToken(ClientSettings settings, TokenRequest request, bool isAwaited)
{
    /// <summary>The settings that were current at the start.</summary>
    public ClientSettings Settings => settings;

    /// <summary>The request, with the client's options filled in.</summary>
    public TokenRequest Request => request;

    /// <summary>The token to replace. A shared cache must not return it.</summary>
    public AccessToken? NotThisToken { get; init; }

    /// <summary>Whether failed attempts are retried.</summary>
    public RetryAllowance Retries { get; } = new(isAwaited);

    /// <summary>The timestamp at which <see cref="ClientCredentialsOptions.Timeout"/> ends.</summary>
    public long Deadline { get; set; } = long.MaxValue;

    /// <summary>The number of token requests that were sent.</summary>
    public int Sent { get; set; }

    /// <summary>Whether it is waiting for a permit at the endpoint.</summary>
    public bool WaitsForPermit { get; set; }
}

/// <summary>Gets a token from the shared cache or the token endpoint.</summary>
internal delegate Task<AccessToken> FetchToken(WantedToken wanted, CancellationToken cancellationToken);
