namespace OAuthClientCredentials;

/// <summary>
/// A cache of tokens that several processes share. Register one to have it asked before each token request. Implementations are
/// thread-safe.
/// </summary>
/// <remarks>
/// It is asked only when this process needs a token: at first, and when a renewal is due. Reading, locking, encrypting and being
/// unavailable are its own business;
/// an exception fails the token request. The client's time limit covers it.
/// </remarks>
public interface ISharedTokenCache
{
    /// <summary>The shared token, or else the one that <paramref name="request"/> obtains, which is then shared.</summary>
    /// <param name="key">Identifies the token: a hash of everything that shapes it, without any secret (64 hexadecimal digits).</param>
    /// <param name="notThisToken">The token that is to be replaced, if there is one. A shared token of the same value must not be
    /// returned.</param>
    /// <param name="request">Requests a token from the authorization server.</param>
    /// <param name="cancellationToken">Cancelled when the time for the token request is up, or the client is forgotten.</param>
    /// <returns>The token. It has not expired.</returns>
    /// <exception cref="TokenRequestException">What <paramref name="request"/> threw.</exception>
    Task<AccessToken> GetOrRequestAsync(
        string key,
        AccessToken? notThisToken,
        Func<CancellationToken, Task<AccessToken>> request,
        CancellationToken cancellationToken);
}
