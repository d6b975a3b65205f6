using System.Diagnostics;
using Microsoft.Extensions.Logging;

namespace OAuthClientCredentials.Diagnostics;

/// <summary>Everything that the library reports of tokens: logs and traces. Called outside any lock.</summary>
internal sealed class TokenEvents(ILogger logger)
{
    private static readonly ActivitySource Source = new("OAuthClientCredentials");

    /// <summary>
    /// Starts one activity for each token request: a root of its own, since what everybody shares is not part of the call that happened to
    /// start it.
    /// </summary>
    public static Activity? StartRequest(ClientContext client, string reason, ActivityContext startedBy)
    {
        ActivityLink[]? links = startedBy == default ? null : [new(startedBy)];
        Activity? activity = Source.StartActivity(ActivityKind.Client, name: "oauth.token_request", links: links);
        return activity?.SetTag("oauth.client_credentials.client", client.ClientName).SetTag("oauth.client_credentials.reason", reason);
    }

    /// <param name="client">The client.</param>
    /// <param name="reason">Why the token was requested.</param>
    /// <param name="renewedUntil">When the new token expires, if it is used from now on.</param>
    /// <param name="error">Why the request failed, if it did.</param>
    /// <param name="validUntil">When the token that calls use now expires, if there is one.</param>
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

        // What a cool-down held back was reported when the server rejected the credential.
        if (error is null || error.IsHeldBack)
        {
            return;
        }

        if (validUntil is { } presentExpiresAt)
        {
            logger.RenewalFailed(client.DisplayName, reason, presentExpiresAt, nextAttemptAt, error.Message);
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
