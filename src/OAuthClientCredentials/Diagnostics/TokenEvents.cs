using System.Diagnostics;
using Microsoft.Extensions.Logging;

namespace OAuthClientCredentials.Diagnostics;

/// <summary>Reports token requests to logs, metrics and traces. It is called outside any lock.</summary>
internal sealed class TokenEvents(ILogger logger, Telemetry telemetry)
{
    public ILogger Logger => logger;

    public Telemetry Telemetry => telemetry;

    /// <summary>Measures and traces a token request.</summary>
    public TokenRequestSpan StartRequest(ClientContext client, string reason, ActivityContext startedBy) =>
        new(telemetry, client, reason, startedBy);

    /// <summary>Measures the wait of a call. It starts when the call has to wait.</summary>
    public TokenWait WaitOf(ClientContext client) => new(telemetry, client);

    /// <summary>Adds the gauges of all clients.</summary>
    public void Observe(Func<IEnumerable<ClientReading>> clients) => telemetry.Observe(clients);

    /// <summary>Logs that a client has a new token.</summary>
    public void TokenRenewed(ClientContext client, string reason, DateTimeOffset expiresAt, string token)
    {
        logger.TokenRenewed(client.ClientName, reason, expiresAt);
        if (logger.IsEnabled(LogLevel.Debug))
        {
            logger.TokenFingerprint(client.ClientName, Fingerprint.Of(token));
        }
    }

    /// <summary>Logs that a token request failed.</summary>
    /// <param name="client">The client.</param>
    /// <param name="reason">Why the token was requested.</param>
    /// <param name="error">The error.</param>
    /// <param name="validUntil">When the current token expires, if there is one.</param>
    /// <param name="nextAttemptAt">When the next request may be sent.</param>
    public void RequestFailed(
        ClientContext client,
        string reason,
        TokenRequestException error,
        DateTimeOffset? validUntil,
        DateTimeOffset nextAttemptAt)
    {
        // The cool-down was reported when the server rejected the credential.
        if (error.IsFromCooldown)
        {
            return;
        }

        if (validUntil is { } expiresAt)
        {
            logger.RenewalFailed(client.ClientName, reason, expiresAt, nextAttemptAt, error.BaseMessage);
        }
        else
        {
            logger.NoToken(client.ClientName, reason, nextAttemptAt, error.BaseMessage);
        }
    }

    public void NotRevoked(ClientContext client, string problem) => logger.NotRevoked(client.ClientName, problem);

    public void NarrowerScope(ClientContext client, string missing) => logger.NarrowerScope(client.ClientName, missing);

    public void ClockSkew(ClientContext client, DateTimeOffset serverTime, DateTimeOffset localTime) =>
        logger.ClockSkew(client.ClientName, serverTime, localTime);

    public void QuotaReported(ClientContext client, string quota) => logger.QuotaReported(client.ClientName, quota);

    public void LifetimeReduced(ClientContext client, TimeSpan issued, TimeSpan maxLifetime) =>
        logger.LifetimeReduced(client.ClientName, issued, maxLifetime);

    public void CertificateExpires(ClientContext client, string thumbprint, DateTime expiresAt) =>
        logger.CertificateExpires(client.ClientName, thumbprint, expiresAt);
}
