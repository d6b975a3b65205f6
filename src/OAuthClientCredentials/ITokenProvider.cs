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
    ValueTask<AccessToken> GetTokenAsync(string clientName = "", TokenRequest? request = null, CancellationToken cancellationToken = default);

    /// <summary>Says that an API rejected a token. Exactly this token is dropped, a newer one survives.</summary>
    /// <remarks>
    /// Renewals forced in this way are rationed: at most one in 30 seconds or half the token's lifetime, whichever is shorter.
    /// Until the next is allowed, and if it fails, a rejected token that has not expired stays in use.
    /// </remarks>
    /// <param name="rejected">The token that was rejected.</param>
    /// <param name="clientName">The registered name of the client; empty for the default client.</param>
    /// <param name="request">The request that the token was got with.</param>
    void Invalidate(AccessToken rejected, string clientName = "", TokenRequest? request = null);

    /// <summary>Forgets all tokens and remembered errors of a client. The next call reads its options anew.</summary>
    /// <param name="clientName">The registered name of the client; empty for the default client.</param>
    void Invalidate(string clientName);
}
