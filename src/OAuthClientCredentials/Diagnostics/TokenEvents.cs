using System.Diagnostics;
using Microsoft.Extensions.Logging;

namespace OAuthClientCredentials.Diagnostics;

/// <summary>Reports token requests to logs and traces. It is called outside any lock.</summary>
internal sealed class TokenEvents(ILogger logger)
{
    private static readonly ActivitySource Source = new("OAuthClientCredentials");

    /// <summary>
    /// Starts the activity of a token request. It has no parent, because the request is shared by all callers and not part of the call that
    /// started it. A link points to that call.
    /// </summary>
    public static Activity? StartRequest(ClientContext client, string reason, ActivityContext startedBy)
    {
        ActivityLink[]? links = null;
        if (startedBy != default)
        {
            links = [new(startedBy)];
        }

        Activity? activity = Source.StartActivity(ActivityKind.Client, name: "oauth.token_request", links: links);
        return activity?.SetTag("oauth.client_credentials.client", client.ClientName).SetTag("oauth.client_credentials.reason", reason);
    }

    /// <summary>Logs the result of a token request.</summary>
    /// <param name="client">The client.</param>
    /// <param name="reason">Why the token was requested.</param>
    /// <param name="renewedUntil">When the new token expires, if it is used from now on; otherwise null.</param>
    /// <param name="error">The error, if the request failed.</param>
    /// <param name="validUntil">When the current token expires, if there is one.</param>
    /// <param name="nextAttemptAt">After a failure, when the next request may be sent.</param>
    public void RequestEnded(
        ClientContext client,
        string reason,
        DateTimeOffset? renewedUntil,
        TokenRequestException? error,
        DateTimeOffset? validUntil,
        DateTimeOffset nextAttemptAt)
    {
        if (renewedUntil is { } expiresAt)
        {
            logger.TokenRenewed(client.DisplayName, reason, expiresAt);
        }

        // The cool-down was reported when the server rejected the credential.
        if (error is null || error.IsFromCooldown)
        {
            return;
        }

        if (validUntil is { } currentExpiresAt)
        {
            logger.RenewalFailed(client.DisplayName, reason, currentExpiresAt, nextAttemptAt, error.Message);
        }
        else
        {
            logger.NoToken(client.DisplayName, reason, nextAttemptAt, error.Message);
        }
    }

    public void NarrowerScope(ClientContext client, string missing) => logger.NarrowerScope(client.DisplayName, missing);

    public void CertificateExpires(ClientContext client, string thumbprint, DateTime expiresAt) =>
        logger.CertificateExpires(client.DisplayName, thumbprint, expiresAt);
}
