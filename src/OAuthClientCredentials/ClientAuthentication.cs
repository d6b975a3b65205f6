namespace OAuthClientCredentials;

/// <summary>
/// How a client authenticates to an authorization server (RFC 6749 section 2.3): a value that writes into requests, whichever endpoint they
/// are for.
/// </summary>
/// <remarks>
/// It works in two steps. First it reads its credential, which may come from outside: a file, a callback, a vault. Then, when the request's
/// turn has come, it writes
/// the proof into the request: this is the moment to sign. Instances are shared by all requests of a client and must be thread-safe. They
/// must honour their cancellation token.
/// </remarks>
public abstract class ClientAuthentication
{
    /// <summary>The IANA name of the method, for instance <c>client_secret_basic</c>.</summary>
    public abstract string Method { get; }

    /// <summary>Checks a client's options when they are validated.</summary>
    /// <param name="client">The client.</param>
    /// <returns>For each problem the name of an option, and what is wrong with it and what to do. No value may be quoted.</returns>
    public virtual IEnumerable<KeyValuePair<string, string>> Validate(ClientContext client) => [];

    /// <summary>Reads the credential for one attempt. Nothing is signed here: the request may have to wait for its turn.</summary>
    /// <param name="request">The request. Keep what was read in <see cref="AuthorizationServerRequest.Secret"/> or
    /// <see cref="AuthorizationServerRequest.Credential"/>.</param>
    /// <param name="cancellationToken">Cancelled when the time is up.</param>
    /// <returns>A task that completes when the credential is read.</returns>
    /// <exception cref="TokenRequestException">The credential cannot be read or is not usable.</exception>
    public virtual ValueTask ReadCredentialAsync(AuthorizationServerRequest request, CancellationToken cancellationToken) =>
        ValueTask.CompletedTask;

    /// <summary>
    /// Writes the proof into one request. It is called for every attempt, so that single-use material is never sent twice.
    /// </summary>
    /// <param name="request">The request to write into.</param>
    /// <param name="cancellationToken">Cancelled when the attempt times out.</param>
    /// <returns>A task that completes when the proof is written.</returns>
    /// <exception cref="TokenRequestException">The credential is not usable.</exception>
    public abstract ValueTask WriteAsync(AuthorizationServerRequest request, CancellationToken cancellationToken);
}
