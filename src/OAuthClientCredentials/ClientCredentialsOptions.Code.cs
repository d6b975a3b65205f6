using System.Security.Cryptography.X509Certificates;
using Polly;

namespace OAuthClientCredentials;

/// <content>The options that only code can set.</content>
public sealed partial class ClientCredentialsOptions
{
    // Fields, because the configuration binder binds every property.
    internal ClientAuthentication? Authentication;
    internal List<ClientAuthentication> OfferedAuthentications = [];
    internal ResiliencePipeline? Pipeline;
    internal Func<CancellationToken, ValueTask<string>>? ClientAssertion;
    internal Func<CancellationToken, ValueTask<X509Certificate2>>? Certificate;
    internal TokenBinding? Binding;
    internal TokenBinding? OfferedBinding;

    /// <summary>Authenticates the client with your implementation, instead of <see cref="AuthenticationMethod"/>.</summary>
    /// <param name="authentication">Your implementation. Concurrent token requests use it, so it must be thread-safe.</param>
    /// <remarks>Pass the same object after a configuration reload: one that does not equal it counts as a changed credential.</remarks>
    public void UseAuthentication(ClientAuthentication authentication)
    {
        ArgumentNullException.ThrowIfNull(authentication);
        Authentication = authentication;
    }

    /// <summary>
    /// Offers an implementation of <c>private_key_jwt</c> or <c>client_secret_jwt</c>, for packages that sign assertions. It is used if the
    /// options select its method and <see cref="UseAuthentication"/> was not called.
    /// </summary>
    /// <param name="authentication">The implementation. Concurrent token requests use it, so it must be thread-safe.</param>
    public void OfferAuthentication(ClientAuthentication authentication)
    {
        ArgumentNullException.ThrowIfNull(authentication);
        OfferedAuthentications.Add(authentication);
    }

    /// <summary>Authenticates by an assertion of another system (RFC 7523): <c>private_key_jwt</c> or <c>spiffe_jwt</c>.</summary>
    /// <param name="assertion">Returns the current assertion. Concurrent token requests call it, so it must be thread-safe.</param>
    /// <remarks>Pass the same delegate at each configuration reload: another delegate counts as a changed credential.</remarks>
    public void UseClientAssertion(Func<CancellationToken, ValueTask<string>> assertion)
    {
        ArgumentNullException.ThrowIfNull(assertion);
        ClientAssertion = assertion;
    }

    /// <summary>Takes the client certificate from your callback.</summary>
    /// <param name="certificate">Returns the current certificate with its private key. The library does not dispose it. Concurrent
    /// token requests call it, so it must be thread-safe.</param>
    /// <remarks>Pass the same delegate at each configuration reload: another delegate counts as a changed credential.</remarks>
    public void UseCertificate(Func<CancellationToken, ValueTask<X509Certificate2>> certificate)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        Certificate = certificate;
    }

    /// <summary>Binds access tokens to a key with your implementation, for instance DPoP (RFC 9449).</summary>
    /// <param name="binding">Your implementation. Concurrent requests use it, so it must be thread-safe.</param>
    /// <remarks>A configuration reload creates the options again. Pass the same object each time: a binding with another thumbprint needs
    /// new tokens, and another object that equals the previous one is ignored.</remarks>
    public void UseTokenBinding(TokenBinding binding)
    {
        ArgumentNullException.ThrowIfNull(binding);
        Binding = binding;
    }

    /// <summary>
    /// Offers an implementation of DPoP, for packages that make proofs. It is used if <see cref="DPoPBoundAccessTokens"/> is set and
    /// <see cref="UseTokenBinding"/> was not called.
    /// </summary>
    /// <param name="binding">The implementation. Concurrent requests use it, so it must be thread-safe.</param>
    public void OfferTokenBinding(TokenBinding binding)
    {
        ArgumentNullException.ThrowIfNull(binding);
        OfferedBinding = binding;
    }

    /// <summary>
    /// Replaces the retries and the attempt timeout with your resilience pipeline. <see cref="Timeout"/> still limits the whole request.
    /// </summary>
    /// <param name="pipeline">Your pipeline. A failed attempt throws a <see cref="TokenRequestException"/>, and its
    /// <see cref="TokenRequestException.IsTransient"/> says whether a retry can succeed.</param>
    public void UseResiliencePipeline(ResiliencePipeline pipeline)
    {
        ArgumentNullException.ThrowIfNull(pipeline);
        Pipeline = pipeline;
    }
}
