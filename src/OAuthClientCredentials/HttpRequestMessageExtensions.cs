using OAuthClientCredentials.Handling;

namespace OAuthClientCredentials;

/// <summary>What one API request wants of its token.</summary>
public static class HttpRequestMessageExtensions
{
    /// <summary>Gives this request a token that was asked for differently from its client's options.</summary>
    /// <param name="request">The API request.</param>
    /// <param name="tokenRequest">What to ask for.</param>
    /// <returns>The same <paramref name="request"/>.</returns>
    public static HttpRequestMessage SetTokenRequest(this HttpRequestMessage request, TokenRequest tokenRequest)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(tokenRequest);
        RequestChoice.Set(request, tokenRequest);
        return request;
    }

    /// <summary>Sends this request without a token.</summary>
    /// <param name="request">The API request.</param>
    /// <returns>The same <paramref name="request"/>.</returns>
    public static HttpRequestMessage SetNoAccessToken(this HttpRequestMessage request)
    {
        ArgumentNullException.ThrowIfNull(request);
        RequestChoice.Set(request, RequestChoice.NoToken);
        return request;
    }
}
