using OAuthClientCredentials.Transport;

namespace OAuthClientCredentials;

/// <summary>
/// Binds access tokens to a key, so that a stolen token cannot be used without that key: DPoP (RFC 9449) or a client certificate (RFC 8705
/// section 3).
/// </summary>
/// <remarks>
/// A binding writes proofs into token requests and API requests, and reads nonces from their responses. The library calls it for each
/// request that is sent, including retries. All requests of a client share one instance, so it must be thread-safe.
/// </remarks>
public abstract class TokenBinding
{
    /// <summary>
    /// The token type of bound tokens (RFC 6749 section 7.1), for instance <c>DPoP</c>. A response with another type is an error.
    /// </summary>
    public abstract string TokenType { get; }

    /// <summary>
    /// Identifies the key that tokens are bound to, for instance its <c>jkt</c> or <c>x5t#S256</c>. A token is never used with another
    /// key.
    /// </summary>
    public abstract string Thumbprint { get; }

    /// <summary>
    /// The name of the header with the proof in API requests, which replaces a header of the caller and is removed again after the request
    /// was sent; <see langword="null"/> if API requests have none.
    /// </summary>
    public virtual string? ProofHeader => null;

    /// <summary>
    /// The client of this binding, with its name and its clock. The library sets it before the first request and at each configuration
    /// reload.
    /// </summary>
    protected internal ClientContext Client { get; internal set; } = new("", "");

    /// <summary>The certificate that connections must present; null if tokens are not bound to a certificate.</summary>
    internal virtual TlsCertificate? Certificate => null;

    /// <summary>Validates the options of a client. Called when the client's options are validated.</summary>
    /// <param name="client">The client.</param>
    /// <returns>The problems. The key is an option name; the value says what is wrong and what to change, without a secret.</returns>
    public virtual IEnumerable<KeyValuePair<string, string>> Validate(ClientContext client) => [];

    /// <summary>Writes the proof into a token request. Called once for each request that is sent.</summary>
    /// <param name="request">The request to write into.</param>
    /// <param name="cancellationToken">Cancelled when the attempt times out.</param>
    /// <returns>A task that completes when the proof is written.</returns>
    public virtual ValueTask WriteTokenRequestAsync(AuthorizationServerRequest request, CancellationToken cancellationToken) =>
        ValueTask.CompletedTask;

    /// <summary>
    /// Reads data for later proofs, for instance a nonce, from a response of the authorization server. Called for every response.
    /// </summary>
    /// <param name="request">The request that was sent.</param>
    /// <param name="response">The response. Its content has already been read.</param>
    /// <param name="errorCode">The <c>error</c> code of the response (RFC 6749 section 5.2), if it has one.</param>
    /// <returns>
    /// <see langword="true"/> if the request can succeed with a new proof; it is then sent once more. Otherwise <see langword="false"/>.
    /// </returns>
    public virtual bool ReadTokenResponse(AuthorizationServerRequest request, HttpResponseMessage response, string? errorCode) => false;

    /// <summary>
    /// Writes the proof into an API request. Its <c>Authorization</c> header is already set. Called once for each request that is sent.
    /// </summary>
    /// <param name="request">The request to write into: a copy of the caller's request.</param>
    /// <param name="accessToken">The value of the access token in the request.</param>
    /// <param name="cancellationToken">The caller's cancellation token.</param>
    /// <returns>A task that completes when the proof is written.</returns>
    public virtual ValueTask WriteApiRequestAsync(HttpRequestMessage request, string accessToken, CancellationToken cancellationToken) =>
        ValueTask.CompletedTask;

    /// <summary>
    /// Reads data for later proofs, for instance a nonce, from an API response. Called for every response that was not redirected.
    /// </summary>
    /// <param name="request">The request that was sent.</param>
    /// <param name="response">The response. Its content must not be read.</param>
    /// <param name="errorCode">
    /// The <c>error</c> of the challenge for <see cref="TokenType"/> in <c>WWW-Authenticate</c>, if there is one.
    /// </param>
    /// <returns>
    /// <see langword="true"/> if the request can succeed with the same token and a new proof; it is then sent once more. Otherwise
    /// <see langword="false"/>.
    /// </returns>
    public virtual bool ReadApiResponse(HttpRequestMessage request, HttpResponseMessage response, string? errorCode) => false;
}
