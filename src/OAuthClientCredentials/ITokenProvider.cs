namespace OAuthClientCredentials;

/// <summary>Provides valid access tokens. Implementations are thread-safe.</summary>
public interface ITokenProvider
{
    /// <summary>Returns a valid token: the cached token, or a new one.</summary>
    /// <param name="clientName">The registered name of the client; empty for the default client.</param>
    /// <param name="request">What to request instead of the client's options. Defaults to the options.</param>
    /// <param name="cancellationToken">Ends only this caller's wait. The token request continues for other callers.</param>
    /// <returns>The token. The task is already completed if the token was cached.</returns>
    /// <exception cref="TokenRequestException">No token could be obtained.</exception>
    /// <exception cref="Microsoft.Extensions.Options.OptionsValidationException">The client's options are not valid, or there is no such
    /// client.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    ValueTask<AccessToken> GetTokenAsync(
        string clientName = "",
        TokenRequest? request = null,
        CancellationToken cancellationToken = default);

    /// <summary>Returns a valid token for the client's options: the cached token, or a new one.</summary>
    /// <param name="clientName">The registered name of the client; empty for the default client.</param>
    /// <param name="cancellationToken">Ends only this caller's wait. The token request continues for other callers.</param>
    /// <returns>The token. The task is already completed if the token was cached.</returns>
    /// <exception cref="TokenRequestException">No token could be obtained.</exception>
    /// <exception cref="Microsoft.Extensions.Options.OptionsValidationException">The client's options are not valid, or there is no such
    /// client.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    ValueTask<AccessToken> GetTokenAsync(string clientName, CancellationToken cancellationToken) =>
        GetTokenAsync(clientName, null, cancellationToken);

    /// <summary>
    /// Replaces a token that an API rejected. Other callers get the rejected token until the new one arrives.
    /// </summary>
    /// <remarks>
    /// If the cached token is already a newer one, it is returned. Such renewals are limited: at most one in 30 seconds or half the token's
    /// lifetime, whichever is shorter. While the limit is reached, or if the renewal fails, the same token is returned until it expires.
    /// </remarks>
    /// <param name="rejected">The token that was rejected.</param>
    /// <param name="clientName">The registered name of the client; empty for the default client.</param>
    /// <param name="request">The request that the token was obtained with.</param>
    /// <param name="cancellationToken">Ends only this caller's wait. The token request continues for other callers.</param>
    /// <returns>The token that replaces it, or the same token.</returns>
    /// <exception cref="TokenRequestException">The rejected token has expired, and no new one could be obtained.</exception>
    /// <exception cref="Microsoft.Extensions.Options.OptionsValidationException">The client's options are not valid, or there is no such
    /// client.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    ValueTask<AccessToken> RenewTokenAsync(
        AccessToken rejected,
        string clientName = "",
        TokenRequest? request = null,
        CancellationToken cancellationToken = default);

    /// <summary>Removes a client's tokens, settings and cached errors. The next call reads its options again.</summary>
    /// <param name="clientName">The registered name of the client; empty for the default client.</param>
    void Forget(string clientName);
}
