using OAuthClientCredentials.Clients;
using OAuthClientCredentials.Resilience;

namespace OAuthClientCredentials.TokenEndpoint;

/// <summary>One token that is wanted: for which settings and request, how patiently, and what has been sent for it so far.</summary>
internal sealed class WantedToken(ClientSettings settings, TokenRequest request, bool isAwaited)
{
    /// <summary>The settings that were current when the request began.</summary>
    public ClientSettings Settings => settings;

    /// <summary>The request, with the client's options filled in.</summary>
    public TokenRequest Request => request;

    /// <summary>The token that is to be replaced. A shared cache must not return it.</summary>
    public AccessToken? NotThisToken { get; init; }

    /// <summary>Whether failed attempts are repeated.</summary>
    public Patience Patience { get; } = new(isAwaited);

    /// <summary>The timestamp at which the time for everything is up.</summary>
    public long Deadline { get; set; } = long.MaxValue;

    /// <summary>How many requests were sent.</summary>
    public int Sent { get; set; }

    /// <summary>Whether it waits for a permit at the endpoint.</summary>
    public bool WaitsForPermit { get; set; }
}

/// <summary>Obtains a wanted token: from the token endpoint, or from a shared cache before it.</summary>
internal delegate Task<AccessToken> FetchToken(WantedToken wanted, CancellationToken cancellationToken);
