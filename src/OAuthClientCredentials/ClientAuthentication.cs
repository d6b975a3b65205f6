namespace OAuthClientCredentials;

/// <summary>How a client proves itself (RFC 6749 section 2.3): a value that writes into one token request attempt.</summary>
/// <remarks>Instances are shared by all token requests of a client and must be thread-safe.</remarks>
public abstract class ClientAuthentication
{
    /// <summary>The IANA name of the method, for instance <c>client_secret_basic</c>.</summary>
    public abstract string Method { get; }

    /// <summary>Says what in a client's options cannot work with this method, when the options are validated.</summary>
    /// <param name="options">The options.</param>
    /// <returns>The name of an option and what is wrong with it and what to do, for each problem. No value may be quoted.</returns>
    public virtual IEnumerable<KeyValuePair<string, string>> Validate(ClientCredentialsOptions options) => [];

    /// <summary>Writes the proof into one attempt. It is called anew for every attempt, so single-use material is never sent twice.</summary>
    /// <param name="attempt">The attempt to write into.</param>
    /// <param name="cancellationToken">Ends when the attempt's time is up.</param>
    /// <returns>A task that ends when the proof is written.</returns>
    /// <exception cref="TokenRequestException">The credential cannot be read or is not usable.</exception>
    public abstract ValueTask WriteAsync(TokenRequestAttempt attempt, CancellationToken cancellationToken);
}
