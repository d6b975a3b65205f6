using System.Globalization;
using System.Runtime.CompilerServices;
using System.Security.Cryptography.X509Certificates;
using Microsoft.IdentityModel.Tokens;
using OAuthClientCredentials.Jwt.Keys;

namespace OAuthClientCredentials.Jwt;

/// <summary>Signs the assertions or the DPoP proofs of a client. The key can stay in a key vault or an HSM.</summary>
/// <remarks>Implementations must be thread-safe, because several token requests can use a signer at once.</remarks>
public abstract class AssertionSigner
{
    /// <summary>
    /// The signature algorithm (RFC 7518 section 3.1, RFC 8037): PS256, PS384, PS512, ES256, ES384, ES512, RS256 or EdDSA.
    /// </summary>
    public abstract string Algorithm { get; }

    /// <summary>The key ID (<c>kid</c>) under which the server knows the key.</summary>
    /// <value>Defaults to <see langword="null"/>: assertions have no <c>kid</c>.</value>
    public virtual string? KeyId => null;

    /// <summary>
    /// The public key, which DPoP proofs contain: the members <c>kty</c>, <c>crv</c>, <c>x</c>, <c>y</c>, <c>n</c> and <c>e</c>.
    /// </summary>
    /// <value>Defaults to <see langword="null"/>: the signer cannot be used for DPoP.</value>
    public virtual JsonWebKey? PublicKey => null;

    /// <summary>
    /// Identifies the key. A rejected credential is sent again only if this value has changed. A signer without a key ID is
    /// identified by its instance.
    /// </summary>
    internal virtual string CredentialId => KeyId ?? RuntimeHelpers.GetHashCode(this).ToString(CultureInfo.InvariantCulture);

    /// <summary>The certificate of the key, if there is one.</summary>
    internal virtual X509Certificate2? Certificate => null;

    /// <summary>Creates a signer from Microsoft.IdentityModel credentials, which key vault and HSM libraries also provide.</summary>
    /// <param name="credentials">The private key and the algorithm.</param>
    /// <returns>A signer that uses the key and the algorithm of the credentials.</returns>
    /// <exception cref="ArgumentException">The key is not a private key, is too short, or does not support the algorithm.</exception>
    public static AssertionSigner From(SigningCredentials credentials)
    {
        ArgumentNullException.ThrowIfNull(credentials);
        SigningKey key = new(credentials.Key, credentials.Kid, credentials.Algorithm, null);
        if (key.FindProblem() is { } problem)
        {
            throw new ArgumentException($"The signing key {problem}.", nameof(credentials));
        }

        return key;
    }

    /// <summary>Signs one assertion or proof.</summary>
    /// <param name="signingInput">The encoded header and payload (RFC 7515 section 5.1).</param>
    /// <param name="cancellationToken">Cancelled when the attempt times out.</param>
    /// <returns>The signature. An ECDSA signature is r and s, each of full length (RFC 7518 section 3.4).</returns>
    public abstract ValueTask<byte[]> SignAsync(ReadOnlyMemory<byte> signingInput, CancellationToken cancellationToken);

    // A method, because two delegates of it are equal if the signer is the same. Two lambdas are never equal, and each configuration
    // reload would count as a changed credential.
    internal ValueTask<AssertionSigner> GetAsync(CancellationToken cancellationToken) => new(this);
}
