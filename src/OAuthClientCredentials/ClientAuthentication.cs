namespace OAuthClientCredentials;

/// <summary>Authenticates a client to its authorization server (RFC 6749 section 2.3), at any of the server's endpoints.</summary>
/// <remarks>
/// Each attempt has two steps:
/// <list type="number">
/// <item><see cref="ReadCredentialAsync"/> reads the credential, for instance from a file, a callback or a vault.</item>
/// <item><see cref="WriteAsync"/> signs and writes the proof into the request, just before it is sent.</item>
/// </list>
/// All requests of a client share one instance, so it must be thread-safe. It must observe its cancellation tokens.
/// </remarks>
public abstract class ClientAuthentication
{
    /// <summary>The IANA name of the method, for instance <c>client_secret_basic</c>.</summary>
    public abstract string Method { get; }

    /// <summary>Validates the options of a client. Called when the client's options are validated.</summary>
    /// <param name="client">The client.</param>
    /// <returns>The problems. The key is an option name; the value says what is wrong and what to change, without a secret.</returns>
    public virtual IEnumerable<KeyValuePair<string, string>> Validate(ClientContext client) => [];

    /// <summary>Reads the credential for one attempt. Do not sign here, because the request may still have to wait for a permit.</summary>
    /// <param name="request">The request. Store the credential in <see cref="AuthorizationServerRequest.Secret"/> or
    /// <see cref="AuthorizationServerRequest.Credential"/>.</param>
    /// <param name="cancellationToken">Cancelled when the token request times out.</param>
    /// <returns>A task that completes when the credential is read.</returns>
    /// <exception cref="TokenRequestException">The credential cannot be read or is not usable.</exception>
    public virtual ValueTask ReadCredentialAsync(AuthorizationServerRequest request, CancellationToken cancellationToken) =>
        ValueTask.CompletedTask;

    /// <summary>Writes the proof into the request. Called for every attempt, so that a single-use proof is never sent twice.</summary>
    /// <param name="request">The request to write into.</param>
    /// <param name="cancellationToken">Cancelled when the attempt times out.</param>
    /// <returns>A task that completes when the proof is written.</returns>
    /// <exception cref="TokenRequestException">The credential is not usable.</exception>
    public abstract ValueTask WriteAsync(AuthorizationServerRequest request, CancellationToken cancellationToken);
}
