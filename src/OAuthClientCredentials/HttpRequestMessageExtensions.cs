using OAuthClientCredentials.Api;

namespace OAuthClientCredentials;

/// <summary>Changes the token of one API request, or sends the request without one.</summary>
public static class HttpRequestMessageExtensions
{
    /// <summary>Uses a token with other scopes, resources or parameters than the client's options for this request.</summary>
    /// <param name="request">The API request.</param>
    /// <param name="tokenRequest">The values that differ from the client's options.</param>
    /// <returns>The same <paramref name="request"/>.</returns>
    public static HttpRequestMessage SetTokenRequest(this HttpRequestMessage request, TokenRequest tokenRequest)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(tokenRequest);
        RequestTokenOptions.Update(request, options => options with { TokenRequest = tokenRequest });
        return request;
    }

    /// <summary>
    /// Sends this request with a token of another client, for instance the client of a tenant. Allowed origins and renewal do not change.
    /// </summary>
    /// <param name="request">The API request.</param>
    /// <param name="clientName">The name of the client; empty for the default client.</param>
    /// <returns>The same <paramref name="request"/>.</returns>
    public static HttpRequestMessage SetTokenClient(this HttpRequestMessage request, string clientName)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(clientName);
        RequestTokenOptions.Update(request, options => options with { ClientName = clientName });
        return request;
    }

    /// <summary>Sends this request without an access token.</summary>
    /// <param name="request">The API request.</param>
    /// <returns>The same <paramref name="request"/>.</returns>
    public static HttpRequestMessage SkipAccessToken(this HttpRequestMessage request)
    {
        ArgumentNullException.ThrowIfNull(request);
        RequestTokenOptions.Update(request, options => options with { SkipsToken = true });
        return request;
    }
}
