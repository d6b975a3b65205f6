using OAuthClientCredentials.Transport;

namespace OAuthClientCredentials;

/// <summary>
/// How access tokens are bound to their holder, so that a stolen token is useless to a thief: DPoP (RFC 9449), or a client certificate (RFC
/// 8705 section 3).
/// </summary>
/// <remarks>
/// A binding writes proofs into token requests and API requests, and reads nonces from their responses. The library calls it for each
/// request that is sent, retries included.
/// Instances are shared by all requests of a client and must be thread-safe.
/// </remarks>
public abstract class TokenBinding
{
    /// <summary>
    /// The type that bound tokens have (RFC 6749 section 7.1), for instance <c>DPoP</c>. A token response of another type is refused.
    /// </summary>
    public abstract string TokenType { get; }

    /// <summary>
    /// Identifies the key that tokens are bound to, for instance its <c>jkt</c> or <c>x5t#S256</c>. Tokens that are bound to different keys
    /// are never mixed.
    /// </summary>
    public abstract string Thumbprint { get; }

    /// <summary>The certificate that connections must show, if the binding is one to a client certificate.</summary>
    internal virtual TlsCertificate? Certificate => null;

    /// <summary>Writes the proof into a token request. Called once for each request that is sent.</summary>
    /// <param name="request">The request to write into.</param>
    /// <param name="cancellationToken">Cancelled when the attempt times out.</param>
    /// <returns>A task that completes when the proof is written.</returns>
    public virtual ValueTask WriteTokenRequestAsync(AuthorizationServerRequest request, CancellationToken cancellationToken) =>
        ValueTask.CompletedTask;

    /// <summary>
    /// Reads what the authorization server's response says for later proofs, for instance a nonce. Called for every response.
    /// </summary>
    /// <param name="request">The request that was sent.</param>
    /// <param name="response">The response; its content has been read already.</param>
    /// <param name="errorCode">The <c>error</c> code of the response (RFC 6749 section 5.2), if it has one.</param>
    /// <returns>Whether the same request can succeed if it is sent once more with a new proof.</returns>
    public virtual bool ReadTokenResponse(AuthorizationServerRequest request, HttpResponseMessage response, string? errorCode) => false;

    /// <summary>
    /// Writes the proof into an API request, whose <c>Authorization</c> header is set already. Called once for each request that is sent.
    /// </summary>
    /// <param name="request">The request to write into: a copy of the caller's.</param>
    /// <param name="accessToken">The value of the token that the request carries.</param>
    /// <param name="cancellationToken">The caller's.</param>
    /// <returns>A task that completes when the proof is written.</returns>
    public virtual ValueTask WriteApiRequestAsync(HttpRequestMessage request, string accessToken, CancellationToken cancellationToken) =>
        ValueTask.CompletedTask;

    /// <summary>
    /// Reads what the API's response says for later proofs, for instance a nonce. Called for every response that was not redirected.
    /// </summary>
    /// <param name="request">The request that was sent.</param>
    /// <param name="response">The response. Its content must not be read.</param>
    /// <returns>Whether the same request can succeed if it is sent once more with the same token and a new proof.</returns>
    public virtual bool ReadApiResponse(HttpRequestMessage request, HttpResponseMessage response) => false;
}
