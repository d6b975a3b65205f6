using OAuthClientCredentials.Jwt.Assertions;

namespace OAuthClientCredentials.Jwt;

/// <summary>Lets a client prove itself with a JWT that it signs (RFC 7523, RFC 10070).</summary>
public static class ClientCredentialsOptionsJwtExtensions
{
    /// <summary>
    /// Signs assertions as the options say: <c>client_secret_jwt</c> if <see cref="ClientCredentialsOptions.AuthenticationMethod"/> is that, else <c>private_key_jwt</c>.
    /// With dependency injection <c>AddJwtAuthentication</c> does this for every client that needs it.
    /// </summary>
    /// <param name="options">The client; what it proves itself with is set before.</param>
    public static void UseJwtAuthentication(this ClientCredentialsOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (string.IsNullOrEmpty(options.AuthenticationMethod))
        {
            options.AuthenticationMethod = JwtAuthentication.PrivateKeyJwt;
        }

        options.OfferAuthentication(new JwtAuthentication(options, null));
    }

    /// <summary>Signs the assertions of <c>private_key_jwt</c> with a key of your own.</summary>
    /// <remarks>On a reload of configuration a signer that does not equal the former one counts as a changed credential: keep one instance outside of the callback that configures the client.</remarks>
    /// <param name="options">The client.</param>
    /// <param name="signer">Signs each assertion.</param>
    public static void UsePrivateKeyJwt(this ClientCredentialsOptions options, AssertionSigner signer)
    {
        ArgumentNullException.ThrowIfNull(signer);
        options.UsePrivateKeyJwt(signer.GetAsync);
    }

    /// <summary>Signs the assertions of <c>private_key_jwt</c> with the key that is current: asked for anew for each one, so that it can rotate.</summary>
    /// <remarks>On a reload of configuration a delegate counts as changed as it does with <see cref="ClientCredentialsOptions.UseClientAssertion"/>.</remarks>
    /// <param name="options">The client.</param>
    /// <param name="signer">Gives the signer of the next assertion. Used by many token requests at once: it must be thread-safe.</param>
    public static void UsePrivateKeyJwt(this ClientCredentialsOptions options, Func<CancellationToken, ValueTask<AssertionSigner>> signer)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(signer);
        options.UseAuthentication(new JwtAuthentication(options, signer));
    }
}
