using OAuthClientCredentials.Diagnostics;

namespace OAuthClientCredentials.Caching;

/// <summary>What is reported of a flight, outside the lock of its source.</summary>
internal readonly record struct FlightReport(
    AccessToken? Renewed,
    TokenRequestException? Error,
    DateTimeOffset? ValidUntil,
    DateTimeOffset NextAttemptAt)
{
    public void WriteTo(TokenEvents events, ClientContext client, string reason)
    {
        if (Renewed is { } token)
        {
            events.TokenRenewed(client, reason, token.ExpiresAt, token.Value);
        }

        if (Error is { } error)
        {
            events.RequestFailed(client, reason, error, ValidUntil, NextAttemptAt);
        }
    }
}
