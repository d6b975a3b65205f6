using OAuthClientCredentials.Jwt.DPoP;

namespace OAuthClientCredentials.Jwt;

/// <summary>DPoP (RFC 9449) for requests that are not sent by an HttpClient with our handler.</summary>
public static class AccessTokenDPoPExtensions
{
    /// <summary>
    /// Makes the headers of one API request: <c>Authorization</c>, and <c>DPoP</c> if the token is bound by DPoP. Servers accept a proof
    /// once, so each request, also each retry, needs new headers.
    /// </summary>
    /// <param name="token">The token.</param>
    /// <param name="method">The HTTP method of the request.</param>
    /// <param name="uri">The absolute address of the request.</param>
    /// <param name="cancellationToken">Cancels a remote signer.</param>
    /// <returns>The names and values of the headers. They are secret.</returns>
    /// <exception cref="TokenRequestException">No proof could be made.</exception>
    public static async ValueTask<IReadOnlyDictionary<string, string>> GetRequestHeadersAsync(
        this AccessToken token,
        HttpMethod method,
        Uri uri,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(token);
        ArgumentNullException.ThrowIfNull(method);
        ArgumentNullException.ThrowIfNull(uri);
        using HttpRequestMessage request = new(method, uri);
        request.Headers.Authorization = token.AuthorizationHeader;
        if (token.Binding is { } binding)
        {
            await binding.WriteApiRequestAsync(request, token.Value, cancellationToken).ConfigureAwait(false);
        }

        return request.Headers.ToDictionary(
            header => header.Key,
            header => string.Join(", ", header.Value),
            StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>
    /// Stores the <c>DPoP-Nonce</c> header of an API response for later proofs. Call it for each response that has one.
    /// </summary>
    /// <param name="token">The token of the request.</param>
    /// <param name="uri">The address of the request. The nonce is used for its origin.</param>
    /// <param name="nonce">The value of the header.</param>
    /// <returns>
    /// Whether the nonce was stored. If it was, and the response is a 401 with the error <c>use_dpop_nonce</c>, send the request once more
    /// with new headers.
    /// </returns>
    public static bool StoreNonce(this AccessToken token, Uri uri, string nonce)
    {
        ArgumentNullException.ThrowIfNull(token);
        ArgumentNullException.ThrowIfNull(uri);
        ArgumentNullException.ThrowIfNull(nonce);
        return token.Binding is DPoPBinding binding && binding.TryStoreNonce(uri, nonce);
    }
}
