using OAuthClientCredentials.Clients;
using OAuthClientCredentials.Diagnostics;
using OAuthClientCredentials.TokenEndpoint;

namespace OAuthClientCredentials.Caching;

/// <summary>
/// What all token sources of a client share: its current settings, the clocks, and how a token is requested. Thread-safe.
/// </summary>
internal sealed class SourceContext(ClientSettings settings, FetchToken fetch, Clock clock, TokenEvents events)
{
    private ClientSettings _settings = settings;

    public Clock Clock => clock;

    public TokenEvents Events => events;

    public ClientSettings Settings => Volatile.Read(ref _settings);

    /// <summary>Replaces the settings. Returns false if they are current already.</summary>
    public bool TryReplaceSettings(ClientSettings settings) => Interlocked.Exchange(ref _settings, settings) != settings;

    /// <summary>Requests the token of a flight, within the time limit.</summary>
    public Task<AccessToken> FetchAsync(Flight flight) =>
        TokenRequestGuard.RunAsync(
            flight.Wanted,
            (wanted, cancellationToken) => FetchAsync(flight, wanted, cancellationToken),
            clock.TimeProvider,
            flight.Stop);

    private async Task<AccessToken> FetchAsync(Flight flight, WantedToken wanted, CancellationToken cancellationToken)
    {
        try
        {
            return await fetch(wanted, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            flight.End();
        }
    }
}
