using OAuthClientCredentials.Jwt.Assertions;

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
}
