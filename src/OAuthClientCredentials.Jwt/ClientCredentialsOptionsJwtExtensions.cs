using OAuthClientCredentials.Jwt.Assertions;
using OAuthClientCredentials.Jwt.DPoP;

namespace OAuthClientCredentials.Jwt;

/// <summary>Authenticates a client with a JWT that it signs (RFC 7523, RFC 10070).</summary>
public static class ClientCredentialsOptionsJwtExtensions
{
    /// <summary>
    /// Signs assertions with the credential in the options. This is the client secret if
    /// <see cref="ClientCredentialsOptions.AuthenticationMethod"/> is <c>client_secret_jwt</c>; otherwise it is the private key or the
    /// certificate (<c>private_key_jwt</c>).
    /// </summary>
    /// <remarks>With dependency injection, <c>AddJwtAuthentication</c> does this for every client that needs it.</remarks>
    /// <param name="options">The client. If it has no method yet, this call sets <c>private_key_jwt</c>.</param>
    public static void UseJwtAuthentication(this ClientCredentialsOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (string.IsNullOrEmpty(options.AuthenticationMethod))
        {
            options.AuthenticationMethod = JwtAuthentication.PrivateKeyJwt;
        }

        options.OfferAuthentication(new JwtAuthentication(options, null));
        options.OfferTokenBinding(new DPoPBinding(options));
    }

    /// <summary>Signs the assertions of <c>private_key_jwt</c> with your signer, for example in a key vault or an HSM.</summary>
    /// <remarks>
    /// After a configuration reload, a signer that does not equal the previous one counts as a changed credential. Create one instance
    /// outside the callback that configures the client.
    /// </remarks>
    /// <param name="options">The client.</param>
    /// <param name="signer">Signs each assertion. It must be thread-safe, because several token requests can use it at once.</param>
    public static void UsePrivateKeyJwt(this ClientCredentialsOptions options, AssertionSigner signer)
    {
        ArgumentNullException.ThrowIfNull(signer);
        options.UsePrivateKeyJwt(signer.GetAsync);
    }

    /// <summary>
    /// Signs the assertions of <c>private_key_jwt</c> with the signer that a callback returns, so that the key can rotate.
    /// </summary>
    /// <remarks>
    /// After a configuration reload, a delegate that does not equal the previous one counts as a changed credential, as with
    /// <see cref="ClientCredentialsOptions.UseClientAssertion"/>.
    /// </remarks>
    /// <param name="options">The client.</param>
    /// <param name="signer">
    /// Returns the signer of the next assertion. It is called for each assertion. It must be thread-safe, because several token requests
    /// can call it at once.
    /// </param>
    public static void UsePrivateKeyJwt(
        this ClientCredentialsOptions options,
        Func<CancellationToken, ValueTask<AssertionSigner>> signer)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(signer);
        options.UseAuthentication(new JwtAuthentication(options, signer));
    }

    /// <summary>
    /// Binds access tokens to a key with DPoP (RFC 9449), with any authentication method. Sets
    /// <see cref="ClientCredentialsOptions.DPoPBoundAccessTokens"/>.
    /// </summary>
    /// <remarks>
    /// With dependency injection, <c>AddJwtAuthentication</c> does this for every client whose options set
    /// <see cref="ClientCredentialsOptions.DPoPBoundAccessTokens"/>.
    /// </remarks>
    /// <param name="options">The client.</param>
    /// <param name="signer">
    /// Signs each proof, for example in a key vault. It must be thread-safe, and its <see cref="AssertionSigner.PublicKey"/> must be a key
    /// of its algorithm. Defaults to the key in <see cref="ClientCredentialsOptions.DPoPKeyFile"/>, or else a new key in memory.
    /// </param>
    /// <exception cref="ArgumentException">The signer has no public key, or one of another algorithm.</exception>
    public static void UseDPoP(this ClientCredentialsOptions options, AssertionSigner? signer = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.DPoPBoundAccessTokens = true;
        if (signer is null)
        {
            options.OfferTokenBinding(new DPoPBinding(options));
            return;
        }

        try
        {
            options.UseTokenBinding(new DPoPBinding(options, DPoPKey.FromSigner(signer)));
        }
        catch (FormatException exception)
        {
            throw new ArgumentException($"The signer cannot make DPoP proofs: {exception.Message}.", nameof(signer));
        }
    }
}
