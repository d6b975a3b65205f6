using Microsoft.IdentityModel.Tokens;
using OAuthClientCredentials.Jwt.Keys;

namespace OAuthClientCredentials.Jwt;

/// <summary>Signs the assertions of one client: a key that may live in a key vault or an HSM, and never has to leave it.</summary>
/// <remarks>Used by many token requests at once: it must be thread-safe.</remarks>
public abstract class AssertionSigner
{
    /// <summary>The algorithm (RFC 7518 section 3.1, RFC 8037): PS256, PS384, PS512, ES256, ES384, ES512, RS256 or EdDSA.</summary>
    public abstract string Algorithm { get; }

    /// <summary>The <c>kid</c> that the server knows the key by.</summary>
    /// <value>Unset means that assertions name no key.</value>
    public virtual string? KeyId => null;

    /// <summary>Signs the bytes of one assertion.</summary>
    /// <param name="signingInput">Header and payload, as JWS signs them (RFC 7515 section 5.1).</param>
    /// <param name="cancellationToken">Ends when the attempt's time is up.</param>
    /// <returns>The signature; of an ECDSA algorithm r and s, each of full length (RFC 7518 section 3.4).</returns>
    public abstract ValueTask<byte[]> SignAsync(ReadOnlyMemory<byte> signingInput, CancellationToken cancellationToken);

    // two delegates of one signer are equal, and two lambdas around it would not be.
    internal ValueTask<AssertionSigner> GetAsync(CancellationToken cancellationToken) => new(this);

    /// <summary>A signer with credentials of Microsoft.IdentityModel, which key-vault and HSM libraries give out too.</summary>
    /// <param name="credentials">An asymmetric key with its private part, and the algorithm.</param>
    /// <returns>The signer.</returns>
    /// <exception cref="ArgumentException">The key does not serve the algorithm.</exception>
    public static AssertionSigner From(SigningCredentials credentials)
    {
        ArgumentNullException.ThrowIfNull(credentials);
        SigningKey key = new(credentials.Key, credentials.Kid, credentials.Algorithm, null);
        return key.Problem is { } problem ? throw new ArgumentException($"The signing key {problem}.", nameof(credentials)) : key;
    }
}
