using System.Diagnostics;

namespace OAuthClientCredentials.Diagnostics;

/// <summary>One activity for each token request, a root of its own: what everybody shares is no part of the call that happened to start it .</summary>
internal static class Tracing
{
    private static readonly ActivitySource Source = new("OAuthClientCredentials");

    public static Activity? StartTokenRequest(ClientName client, string reason, ActivityContext startedBy)
    {
        ActivityLink[]? links = startedBy == default ? null : [new(startedBy)];
        Activity? activity = Source.StartActivity(ActivityKind.Client, name: "oauth.token_request", links: links);
        return activity?.SetTag("oauth.client_credentials.client", client.Value).SetTag("oauth.client_credentials.reason", reason);
    }
}
