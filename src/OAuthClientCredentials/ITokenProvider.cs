namespace OAuthClientCredentials;

/// <summary>Gives out valid access tokens. Implementations are thread-safe.</summary>
public interface ITokenProvider
{
    /// <summary>A valid token: the cached one, else a new one.</summary>
    /// <param name="clientName">The registered name of the client; empty for the default client.</param>
    /// <param name="request">What to ask for differently from the client's options.</param>
    /// <param name="cancellationToken">Ends this caller's wait only; a token request under way goes on for the others.</param>
    /// <returns>The token. The task is complete already if the token was cached.</returns>
    /// <exception cref="TokenRequestException">No token could be had.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    ValueTask<AccessToken> GetTokenAsync(
        string clientName = "",
        TokenRequest? request = null,
        CancellationToken cancellationToken = default);

    /// <summary>
    /// Replaces a token that an API rejected. All other callers keep getting the rejected token until the new one is there.
    /// </summary>
    /// <remarks>
    /// If the cached token is already a newer one, that one is returned. Renewals are rationed: at most one in 30 seconds or half the
    /// token's
    /// lifetime, whichever is shorter. While the ration is used up, or if the renewal fails, the same token is returned as long as it has
    /// not expired.
    /// </remarks>
    /// <param name="rejected">The token that was rejected.</param>
    /// <param name="clientName">The registered name of the client; empty for the default client.</param>
    /// <param name="request">The request that the token was obtained with.</param>
    /// <param name="cancellationToken">Ends this caller's wait only; a token request under way continues for the others.</param>
    /// <returns>The token that replaces it, or the same token.</returns>
    /// <exception cref="TokenRequestException">The rejected token has expired, and no new one could be obtained.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    ValueTask<AccessToken> RenewTokenAsync(
        AccessToken rejected,
        string clientName = "",
        TokenRequest? request = null,
        CancellationToken cancellationToken = default);

    /// <summary>Forgets a client: its tokens, its settings and its remembered errors. The next call reads its options anew.</summary>
    /// <param name="clientName">The registered name of the client; empty for the default client.</param>
    void Forget(string clientName);
}
