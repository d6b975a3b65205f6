using OAuthClientCredentials.Clients;
using OAuthClientCredentials.Diagnostics;
using OAuthClientCredentials.Transport;

namespace OAuthClientCredentials.TokenEndpoint;

/// <summary>Logs what the headers of token responses tell about quotas and clocks, once for each settings of a client.</summary>
internal sealed class TokenResponseLog(TokenEvents events)
{
    /// <param name="response">A response with any status.</param>
    /// <param name="request">The request. Its secrets are not quoted.</param>
    /// <param name="settings">The settings of the client.</param>
    public void Report(EndpointResponse response, AuthorizationServerRequest request, ClientSettings settings)
    {
        IReadOnlyDictionary<string, string> headers =
            RateLimitHeaders.Read(response.Message, () => TokenRequestMessage.Secrets(request));
        if (RateLimitHeaders.HaveQuota(headers, response.Status) && settings.TryMarkLogged(LoggedOnce.Quota))
        {
            events.QuotaReported(settings.Context, RateLimitHeaders.Describe(headers));
        }

        if (ClockSkew.IsLarge(response) && settings.TryMarkLogged(LoggedOnce.ClockSkew))
        {
            events.ClockSkew(settings.Context, response.Date!.Value, response.ReceivedAt);
        }
    }
}
