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
    public static Activity? StartRequest(ClientName client, string reason, ActivityContext startedBy)
    {
        ActivityLink[]? links = startedBy == default ? null : [new(startedBy)];
        Activity? activity = Source.StartActivity(ActivityKind.Client, name: "oauth.token_request", links: links);
        return activity?.SetTag("oauth.client_credentials.client", client.Value).SetTag("oauth.client_credentials.reason", reason);
    }

    /// <param name="client">The client.</param>
    /// <param name="reason">Why the token was requested.</param>
    /// <param name="renewed">The new token, if it is used from now on.</param>
    /// <param name="error">Why the request failed, if it did.</param>
    /// <param name="present">The valid token that calls use now, if there is one.</param>
    /// <param name="nextAttemptAt">After a failure, when the next request may be sent.</param>
    public void RequestEnded(
        ClientName client,
        string reason,
        AccessToken? renewed,
        TokenRequestException? error,
        AccessToken? present,
        DateTimeOffset nextAttemptAt)
    {
        if (renewed is not null)
        {
            logger.TokenRenewed(client, reason, renewed.ExpiresAt);
        }

        // What a cool-down held back was reported when the server rejected the credential.
        if (error is null || error.IsHeldBack)
        {
            return;
        }

        if (present is null)
        {
            logger.NoToken(client, reason, nextAttemptAt, error.Message);
        }
        else
        {
            logger.RenewalFailed(client, reason, present.ExpiresAt, nextAttemptAt, error.Message);
        }
    }

    public void NarrowerScope(ClientName client, string missing) => logger.NarrowerScope(client, missing);

    public void CertificateExpires(
        ClientName client,
        string thumbprint,
        DateTime expiresAt) => logger.CertificateExpires(client,
        thumbprint,
        expiresAt);
}
