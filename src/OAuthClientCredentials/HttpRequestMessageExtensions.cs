using OAuthClientCredentials.Api;

namespace OAuthClientCredentials;

/// <summary>Chooses the token of one API request.</summary>
public static class HttpRequestMessageExtensions
{
    /// <summary>Requests the token for this request with other scopes, resources or parameters than the client's options name.</summary>
    /// <param name="request">The API request.</param>
    /// <param name="tokenRequest">What differs from the client's options.</param>
    /// <returns>The same <paramref name="request"/>.</returns>
    public static HttpRequestMessage SetTokenRequest(this HttpRequestMessage request, TokenRequest tokenRequest)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(tokenRequest);
        RequestTokenOptions.Change(request, choice => choice with { TokenRequest = tokenRequest });
        return request;
    }

    /// <summary>Sends this request with a token of another client, for instance a tenant's. Origins and renewal are as usual.</summary>
    /// <param name="request">The API request.</param>
    /// <param name="clientName">The name of the client; empty for the default client.</param>
    /// <returns>The same <paramref name="request"/>.</returns>
    public static HttpRequestMessage SetTokenClient(this HttpRequestMessage request, string clientName)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(clientName);
        RequestTokenOptions.Change(request, choice => choice with { ClientName = clientName });
        return request;
    }

    /// <summary>Sends this request without an access token.</summary>
    /// <param name="request">The API request.</param>
    /// <returns>The same <paramref name="request"/>.</returns>
    public static HttpRequestMessage SkipAccessToken(this HttpRequestMessage request)
    {
        ArgumentNullException.ThrowIfNull(request);
        RequestTokenOptions.Change(request, choice => choice with { SkipsToken = true });
        return request;
    }
}
