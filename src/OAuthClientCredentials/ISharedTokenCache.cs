namespace OAuthClientCredentials;

/// <summary>
/// A token cache that several processes share. If one is registered, it is asked before each token request. Implementations are
/// thread-safe.
/// </summary>
/// <remarks>
/// It is asked only when this process needs a token: at first, when a renewal is due, and after a 401. The implementation is responsible
/// for reading, locking, encryption and outages of its store. An exception fails the token request, unless its token has
/// arrived. The client's
/// <see cref="ClientCredentialsOptions.Timeout"/> covers it.
/// </remarks>
public interface ISharedTokenCache
{
    /// <summary>Returns the shared token. If there is none, calls <paramref name="request"/> and shares its token.</summary>
    /// <param name="key">Identifies the token: a hash of everything that shapes it, without any secret (64 hexadecimal digits).</param>
    /// <param name="notThisToken">The token to replace, if there is one. A shared token with the same value must not be
    /// returned.</param>
    /// <param name="timeout">What is left of the client's timeout. A wait for another process must leave enough of it for
    /// <paramref name="request"/>.</param>
    /// <param name="request">Requests a token from the authorization server. If it throws, nothing is shared.</param>
    /// <param name="cancellationToken">Cancelled when the timeout of the token request is reached, or the client is forgotten.</param>
    /// <returns>A token that has not expired.</returns>
    /// <exception cref="TokenRequestException">The exception of <paramref name="request"/>.</exception>
    Task<AccessToken> GetOrRequestAsync(
        string key,
        AccessToken? notThisToken,
        TimeSpan timeout,
        Func<CancellationToken, Task<AccessToken>> request,
        CancellationToken cancellationToken);
}
