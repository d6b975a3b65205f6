using System.Diagnostics;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Serialization;
using Polly;

namespace OAuthClientCredentials;

/// <summary>What one named client is: who it is, where it gets its token, and what the token is for.</summary>
/// <remarks>
/// Every property can be set from configuration; lists and dictionaries bind as usual, and a list may also be a single string.
/// Values are validated when the host starts. Treat an instance as frozen once it has been configured.
/// </remarks>
[DebuggerDisplay("{ToString(),nq}")]
public sealed class ClientCredentialsOptions
{
    /// <summary>
    /// The issuer identifier of the authorization server, from which its metadata is discovered (RFC 8414). Set this or
    /// <see cref="TokenEndpoint"/>.
    /// </summary>
    public string? Authority { get; set; }

    /// <summary>
    /// The address of the metadata document, for servers that publish it elsewhere than RFC 8414 says. Needs <see cref="Authority"/>.
    /// </summary>
    public string? MetadataAddress { get; set; }

    /// <summary>
    /// The token endpoint (RFC 6749 section 3.2): absolute, https (http for loopback), no fragment, no user info. A query is kept.
    /// </summary>
    public string? TokenEndpoint { get; set; }

    /// <summary>The client identifier (RFC 6749 section 2.2).</summary>
    public string? ClientId { get; set; }

    /// <summary>
    /// The client secret. Keep it in a secret store: <c>IConfigurationRoot.GetDebugView()</c> prints whatever configuration holds.
    /// </summary>
    [JsonIgnore]
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public string? ClientSecret { get; set; }

    /// <summary>
    /// A file that holds the client secret. It is read at each token request, and exactly one trailing line break is dropped.
    /// </summary>
    public string? ClientSecretFile { get; set; }

    /// <summary>
    /// How the client proves itself, by the IANA name: <c>client_secret_basic</c>, <c>client_secret_post</c>, <c>client_secret_jwt</c>,
    /// <c>private_key_jwt</c>, <c>tls_client_auth</c>, <c>self_signed_tls_client_auth</c> or <c>none</c>.
    /// </summary>
    /// <value>Unset means <c>tls_client_auth</c> if a certificate is configured, <c>private_key_jwt</c> if a key or an assertion is,
    /// <c>client_secret_basic</c> if none of them is; with more than one of them it must be set.</value>
    public string? AuthenticationMethod { get; set; }

    /// <summary>How <c>client_secret_basic</c> encodes id and secret.</summary>
    /// <value>Defaults to <see cref="BasicEncoding.Rfc6749"/>.</value>
    public BasicEncoding BasicEncoding { get; set; }

    /// <summary>
    /// A file that holds a client assertion which somebody else issues and renews: a Kubernetes service account token, a workload identity
    /// (RFC 7523). It is read at each token request.
    /// </summary>
    public string? ClientAssertionFile { get; set; }

    /// <summary>
    /// A file that holds the client certificate: PEM, with intermediates after it, or PKCS#12. It is read at each token request.
    /// </summary>
    public string? CertificateFile { get; set; }

    /// <summary>A PEM file that holds the certificate's private key, if <see cref="CertificateFile"/> does not.</summary>
    public string? CertificateKeyFile { get; set; }

    /// <summary>The password of the certificate's file or key.</summary>
    [JsonIgnore]
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public string? CertificatePassword { get; set; }

    /// <summary>The thumbprint (SHA-1, hexadecimal, as stores know it) of a client certificate in <see cref="CertificateStore"/>.</summary>
    public string? CertificateThumbprint { get; set; }

    /// <summary>The store of the certificate: location and name.</summary>
    /// <value>Unset means <c>CurrentUser/My</c>.</value>
    public string? CertificateStore { get; set; }

    /// <summary>
    /// Demands tokens that are bound to the client certificate (RFC 8705 section 3), whatever the authentication method: they are requested
    /// over mutual TLS, and API requests show the same certificate. Where discovery names no mutual-TLS endpoint, requests fail; set
    /// <see cref="TokenEndpoint"/> to one.
    /// </summary>
    /// <value>Defaults to <see langword="false"/>.</value>
    public bool CertificateBoundTokens { get; set; }

    /// <summary>
    /// The private key of <c>private_key_jwt</c>: PEM or a JWK, from a secret store. Needs the package OAuthClientCredentials.Jwt.
    /// </summary>
    [JsonIgnore]
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public string? PrivateKey { get; set; }

    /// <summary>
    /// A file that holds the private key of <c>private_key_jwt</c>: PEM, PKCS#12 or a JWK. It is read at each token request. Needs the
    /// package OAuthClientCredentials.Jwt.
    /// </summary>
    public string? PrivateKeyFile { get; set; }

    /// <summary>The password of the key.</summary>
    [JsonIgnore]
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public string? PrivateKeyPassword { get; set; }

    /// <summary>The <c>kid</c> that the server knows the key by.</summary>
    /// <value>Unset means that of the JWK, or none.</value>
    public string? KeyId { get; set; }

    /// <summary>The signature algorithm of assertions (RFC 7518 section 3.1), for instance <c>ES256</c> or <c>PS256</c>.</summary>
    /// <value>Unset means the one of the JWK, else <c>ES256</c>, <c>ES384</c> or <c>ES512</c> by the curve, <c>PS256</c> for RSA,
    /// <c>HS256</c> for a secret.</value>
    public string? KeyAlgorithm { get; set; }

    /// <summary>The <c>aud</c> of assertions, for servers that do not accept their issuer identifier (RFC 10070).</summary>
    /// <value>Unset means <see cref="Authority"/>, to the letter.</value>
    public string? AssertionAudience { get; set; }

    /// <summary>The <c>typ</c> of assertions; older servers know <c>JWT</c> only.</summary>
    /// <value>Unset means <c>client-authentication+jwt</c> (RFC 10070).</value>
    public string? AssertionType { get; set; }

    /// <summary>How long an assertion is valid.</summary>
    /// <value>Defaults to 60 seconds; at most 5 minutes.</value>
    public TimeSpan AssertionLifetime { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// The scopes asked for (RFC 6749 section 3.3). An entry may hold several, separated by single spaces; order and repetition do not
    /// matter.
    /// </summary>
    /// <value>Defaults to none: the server decides.</value>
#pragma warning disable CA2227 // Options are set with `o.Scopes = [...]`, and the configuration binder fills them.
    public IList<string> Scopes { get; set; } = [];

    /// <summary>The resources the token is for (RFC 8707): absolute URIs without a fragment.</summary>
    /// <value>Defaults to none.</value>
    public IList<string> Resources { get; set; } = [];

    /// <summary>The <c>audience</c> parameter that some servers want.</summary>
    public string? Audience { get; set; }

    /// <summary>The <c>authorization_details</c> parameter (RFC 9396): a JSON array.</summary>
    public string? AuthorizationDetails { get; set; }

    /// <summary>Further token request parameters. They may not repeat one that the library sends.</summary>
    public IDictionary<string, string> Parameters { get; set; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Hosts besides the issuer's own (and its subdomains) that discovered endpoints may have.</summary>
    /// <value>Defaults to none.</value>
    public IList<string> AllowedEndpointHosts { get; set; } = [];
#pragma warning restore CA2227

    /// <summary>
    /// Accepts plain http for endpoints and APIs that are not loopback, for a network that encrypts beneath (a service mesh).
    /// </summary>
    /// <value>Defaults to <see langword="false"/>.</value>
    public bool AllowInsecureHttp { get; set; }

    /// <summary>The most time that getting one token may take, attempts and waits between them included.</summary>
    /// <value>Defaults to 30 seconds.</value>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>The most time that one attempt may take.</summary>
    /// <value>Defaults to 10 seconds.</value>
    public TimeSpan AttemptTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How many attempts may follow a first one that failed for a passing reason, while callers wait. A renewal behind the calls makes one
    /// attempt at a time.
    /// </summary>
    /// <value>Defaults to 2.</value>
    public int MaxRetries { get; set; } = 2;

    /// <summary>
    /// How many tokens may be requested from one server at a time, by all clients that have the same number. More wait for their turn,
    /// within <see cref="Timeout"/>; <see cref="AttemptTimeout"/> does not count the wait.
    /// </summary>
    /// <value>Defaults to 10.</value>
    public int MaxConcurrentRequests { get; set; } = 10;

    /// <summary>The longest <c>Retry-After</c> that is obeyed; a longer one counts as this.</summary>
    /// <value>Defaults to 60 seconds; at most one hour.</value>
    public TimeSpan MaxRetryAfter { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>The largest response body that is read from the authorization server, in bytes after decompression.</summary>
    /// <value>Defaults to 256 KiB; at most 1 MiB.</value>
    public int MaxResponseBytes { get; set; } = 256 * 1024;

    /// <summary>The lifetime of a token whose response has no <c>expires_in</c>.</summary>
    /// <value>Defaults to 5 minutes.</value>
    public TimeSpan DefaultLifetime { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>The longest lifetime that is believed; a longer one counts as this.</summary>
    /// <value>Defaults to 24 hours.</value>
    public TimeSpan MaxLifetime { get; set; } = TimeSpan.FromHours(24);

    /// <summary>Makes a token with fewer scopes than asked for an error.</summary>
    /// <value>Defaults to <see langword="false"/>: the difference is logged.</value>
    public bool RequireAllScopes { get; set; }

    /// <summary>Accepts only access tokens in the b64token syntax of RFC 6750 section 2.1.</summary>
    /// <value>Defaults to <see langword="false"/>: any printable ASCII without spaces, as real servers issue it.</value>
    public bool RequireBearerSyntax { get; set; }

    // Fields, because the configuration binder takes every property.
    internal ClientAuthentication? Authentication;

    internal List<ClientAuthentication> OfferedAuthentications = [];

    internal ResiliencePipeline? Pipeline;

    internal Func<CancellationToken, ValueTask<string>>? ClientAssertion;

    internal Func<CancellationToken, ValueTask<X509Certificate2>>? Certificate;

    internal TokenBinding? Binding;

    /// <summary>Proves the client in a way of your own, instead of <see cref="AuthenticationMethod"/>.</summary>
    /// <param name="authentication">Used by many token requests at once: it must be thread-safe.</param>
    /// <remarks>When configuration is reloaded the options are made anew, and an object that does not equal the former one counts as a
    /// changed credential: the token is renewed, and a cool-down ends. Give the same one each time.</remarks>
    public void UseAuthentication(ClientAuthentication authentication)
    {
        ArgumentNullException.ThrowIfNull(authentication);
        Authentication = authentication;
    }

    /// <summary>
    /// Offers an authentication method, for packages that implement one. It is used if the options select its method, this package does not
    /// implement that method, and <see cref="UseAuthentication"/> was not called.
    /// </summary>
    /// <param name="authentication">Used by concurrent token requests: it must be thread-safe.</param>
    public void OfferAuthentication(ClientAuthentication authentication)
    {
        ArgumentNullException.ThrowIfNull(authentication);
        OfferedAuthentications.Add(authentication);
    }

    /// <summary>Proves the client with an assertion which somebody else issues (RFC 7523), asked for at each token request.</summary>
    /// <param name="assertion">Gives the assertion as it is now. Used by many token requests at once: it must be thread-safe.</param>
    /// <remarks>When configuration is reloaded the options are made anew, and a delegate that does not equal the former one counts as a
    /// changed credential: the token is renewed, and a cool-down ends. Give the same one each time.</remarks>
    public void UseClientAssertion(Func<CancellationToken, ValueTask<string>> assertion)
    {
        ArgumentNullException.ThrowIfNull(assertion);
        ClientAssertion = assertion;
    }

    /// <summary>Takes the client certificate from a source of your own, asked at each token request.</summary>
    /// <param name="certificate">Gives the certificate as it is now, with its private key; it is not disposed. Used by many token requests
    /// at once: it must be thread-safe.</param>
    /// <remarks>When configuration is reloaded the options are made anew, and a delegate that does not equal the former one counts as a
    /// changed credential: the token is renewed, and a cool-down ends. Give the same one each time.</remarks>
    public void UseCertificate(Func<CancellationToken, ValueTask<X509Certificate2>> certificate)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        Certificate = certificate;
    }

    /// <summary>Binds access tokens to their holder in a way of your own.</summary>
    /// <param name="binding">Used by many requests at once: it must be thread-safe.</param>
    /// <remarks>When configuration is reloaded the options are made anew. A binding with another thumbprint begins with new tokens: use the
    /// same object each time.</remarks>
    public void UseTokenBinding(TokenBinding binding)
    {
        ArgumentNullException.ThrowIfNull(binding);
        Binding = binding;
    }

    /// <summary>
    /// Replaces the retries and the attempt timeout by a pipeline of your own. <see cref="Timeout"/> still bounds the whole.
    /// </summary>
    /// <param name="pipeline">It sees each failed attempt as a <see cref="TokenRequestException"/>, whose
    /// <see cref="TokenRequestException.IsTransient"/> tells whether another can help.</param>
    public void UseResiliencePipeline(ResiliencePipeline pipeline)
    {
        ArgumentNullException.ThrowIfNull(pipeline);
        Pipeline = pipeline;
    }

    /// <summary>Names the client and its server, and nothing secret.</summary>
    /// <returns>A text for people.</returns>
    public override string ToString() =>
        $"{nameof(ClientCredentialsOptions)} {{ ClientId = {ClientId}, Server = {Authority ?? TokenEndpoint} }}";
}
