using System.Diagnostics;
using System.Text.Json.Serialization;

namespace OAuthClientCredentials;

/// <summary>The options of one client: the authorization server, the client's credential, and the tokens to request.</summary>
/// <remarks>
/// Every property can be set in configuration. Lists and dictionaries bind as usual, and a list can also be a single string. Options that
/// are not valid stop the host at start with an <c>OptionsValidationException</c>; after a reload they are logged, and the client keeps its
/// previous options. Do not change an instance after it has been configured.
/// </remarks>
[DebuggerDisplay("{ToString(),nq}")]
public sealed partial class ClientCredentialsOptions
{
    /// <summary>
    /// The issuer identifier of the authorization server (RFC 8414 section 2), an https URL. The token endpoint is discovered from its
    /// metadata, unless <see cref="TokenEndpoint"/> is set. The issuer there must be exactly this value, or its resolved address.
    /// </summary>
    /// <value>Required, unless <see cref="TokenEndpoint"/> is set.</value>
    public string? Authority { get; set; }

    /// <summary>The URL of the metadata document, if it is not where RFC 8414 says. Requires <see cref="Authority"/>.</summary>
    public string? MetadataAddress { get; set; }

    /// <summary>
    /// The URL of the token endpoint (RFC 6749 section 3.2). It must be absolute and https (http is allowed for loopback), without fragment
    /// and user info. A query is kept. Service discovery of the application may resolve an address such as <c>https+http://identity</c>.
    /// </summary>
    /// <value>Required, unless <see cref="Authority"/> is set.</value>
    public string? TokenEndpoint { get; set; }

    /// <summary>
    /// The URL of the revocation endpoint (RFC 7009), for <see cref="TokenProvider.RevokeAsync"/> and <see cref="RevokeOnDispose"/>. The
    /// rules for <see cref="TokenEndpoint"/> apply.
    /// </summary>
    /// <value>Defaults to the <c>revocation_endpoint</c> in the metadata of <see cref="Authority"/>.</value>
    public string? RevocationEndpoint { get; set; }

    /// <summary>The client identifier (RFC 6749 section 2.2).</summary>
    /// <value>Required.</value>
    public string? ClientId { get; set; }

    /// <summary>The client secret. Keep it in a secret store: <c>IConfigurationRoot.GetDebugView()</c> prints every value.</summary>
    [JsonIgnore, DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public string? ClientSecret { get; set; }

    /// <summary>The file with the client secret. It is read for each token request. One trailing line break is removed.</summary>
    public string? ClientSecretFile { get; set; }

    /// <summary>
    /// The client authentication method: <c>client_secret_basic</c>, <c>client_secret_post</c>, <c>client_secret_jwt</c>, <c>none</c>,
    /// <c>private_key_jwt</c>, <c>tls_client_auth</c>, <c>self_signed_tls_client_auth</c>, <c>spiffe_jwt</c> or <c>spiffe_x509</c>.
    /// </summary>
    /// <value>
    /// Defaults to the method of the configured credential: <c>tls_client_auth</c> for a certificate, <c>private_key_jwt</c> for a private
    /// key or an assertion, otherwise <c>client_secret_basic</c>. Required if more than one credential is configured.
    /// </value>
    public string? AuthenticationMethod { get; set; }

    /// <summary>How <c>client_secret_basic</c> encodes the client id and the secret.</summary>
    /// <value>Defaults to <see cref="BasicEncoding.Rfc6749"/>.</value>
    public BasicEncoding BasicEncoding { get; set; }

    /// <summary>The file with a client assertion (RFC 7523) that another system issues, for instance a Kubernetes service account token
    /// or a JWT-SVID. It is read for each token request.</summary>
    public string? ClientAssertionFile { get; set; }

    /// <summary>The file with the client certificate: PEM with its intermediates, or PKCS#12. It is read for each token request.</summary>
    public string? CertificateFile { get; set; }

    /// <summary>The PEM file with the private key of the certificate, if <see cref="CertificateFile"/> does not contain it.</summary>
    public string? CertificateKeyFile { get; set; }

    /// <summary>The password of the certificate file or its key.</summary>
    [JsonIgnore, DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public string? CertificatePassword { get; set; }

    /// <summary>The SHA-1 thumbprint (40 hexadecimal digits) of a client certificate in <see cref="CertificateStore"/>.</summary>
    public string? CertificateThumbprint { get; set; }

    /// <summary>The location and the name of the certificate store, separated by <c>/</c>.</summary>
    /// <value>Defaults to <c>CurrentUser/My</c>.</value>
    public string? CertificateStore { get; set; }

    /// <summary>
    /// Requires tokens that are bound to the client certificate (RFC 8705 section 3), with any authentication method. Tokens are requested
    /// over mutual TLS, and API requests present the same certificate. If the metadata names no endpoint for mutual TLS, token requests
    /// fail with a <see cref="TokenRequestException"/>. Set <see cref="TokenEndpoint"/> to one then.
    /// </summary>
    /// <value>Defaults to <see langword="false"/>.</value>
    public bool CertificateBoundTokens { get; set; }

    /// <summary>
    /// Requires tokens that are bound to a key with DPoP (RFC 9449), with any authentication method. Each token request and each API
    /// request then contains a proof that is signed with the key. Requires the package OAuthClientCredentials.Jwt.
    /// </summary>
    /// <value>Defaults to <see langword="false"/>.</value>
    public bool DPoPBoundAccessTokens { get; set; }

    /// <summary>
    /// The file with the private key of DPoP: PEM, JWK or PKCS#12, not encrypted. It is read at start and at each configuration reload.
    /// Requires <see cref="DPoPBoundAccessTokens"/>.
    /// </summary>
    /// <value>Defaults to a new ES256 key in memory, which the client keeps until the process ends.</value>
    public string? DPoPKeyFile { get; set; }

    /// <summary>
    /// The private key of <c>private_key_jwt</c>, PEM or JWK. Keep it in a secret store. Requires the package OAuthClientCredentials.Jwt.
    /// </summary>
    [JsonIgnore, DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public string? PrivateKey { get; set; }

    /// <summary>
    /// The file with the private key of <c>private_key_jwt</c>: PEM, JWK or PKCS#12. It is read for each token request. Requires the
    /// package OAuthClientCredentials.Jwt.
    /// </summary>
    public string? PrivateKeyFile { get; set; }

    /// <summary>The password of the private key.</summary>
    [JsonIgnore, DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public string? PrivateKeyPassword { get; set; }

    /// <summary>The key identifier, sent as <c>kid</c> in assertions.</summary>
    /// <value>Defaults to the <c>kid</c> of the JWK. Without one, no <c>kid</c> is sent.</value>
    public string? KeyId { get; set; }

    /// <summary>The signature algorithm of assertions (RFC 7518 section 3.1), for instance <c>ES256</c> or <c>PS256</c>.</summary>
    /// <value>
    /// Defaults to the <c>alg</c> of the JWK, otherwise to <c>ES256</c>, <c>ES384</c> or <c>ES512</c> by the curve, <c>PS256</c> for an RSA
    /// key and <c>HS256</c> for a secret.
    /// </value>
    public string? KeyAlgorithm { get; set; }

    /// <summary>The <c>aud</c> of assertions, for servers that do not accept their issuer identifier (RFC 10070).</summary>
    /// <value>Defaults to <see cref="Authority"/>, unchanged.</value>
    public string? AssertionAudience { get; set; }

    /// <summary>The <c>typ</c> of assertions. Older servers accept only <c>JWT</c>.</summary>
    /// <value>Defaults to <c>client-authentication+jwt</c> (RFC 10070).</value>
    public string? AssertionType { get; set; }

    /// <summary>How an assertion names the certificate that signs it: <c>x5t#S256</c>, <c>x5t</c> or <c>x5c</c>.</summary>
    /// <value>Defaults to <c>x5t#S256</c> (RFC 7515 section 4.1). <c>x5c</c> sends the certificate, and <c>x5t#S256</c> as well.</value>
    public string? AssertionCertificateHeader { get; set; }

    /// <summary>The lifetime of an assertion.</summary>
    /// <value>Defaults to 60 seconds. From 1 second to 5 minutes.</value>
    public TimeSpan AssertionLifetime { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// The scopes to request (RFC 6749 section 3.3). An entry can contain several scopes, separated by single spaces. Order and duplicates
    /// have no effect.
    /// </summary>
    /// <value>Defaults to none: the server selects the scopes.</value>
#pragma warning disable CA2227 // Options are set with `o.Scopes = [...]`, and the configuration binder fills them.
    public IList<string> Scopes { get; set; } = [];

    /// <summary>The resources to request a token for: absolute URIs (RFC 8707), or application ids (GUIDs) for Microsoft servers.</summary>
    /// <value>Defaults to none.</value>
    public IList<string> Resources { get; set; } = [];

    /// <summary>The <c>audience</c> parameter, which some servers require.</summary>
    public string? Audience { get; set; }

    /// <summary>The <c>authorization_details</c> parameter (RFC 9396), a JSON array.</summary>
    public string? AuthorizationDetails { get; set; }

    /// <summary>Additional parameters of the token request. A parameter that the library sends is not valid here.</summary>
    /// <value>Defaults to none.</value>
    public IDictionary<string, string> Parameters { get; set; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>The hosts that discovered endpoints may have, in addition to the host of the issuer and its subdomains.</summary>
    /// <value>Defaults to none.</value>
    public IList<string> AllowedEndpointHosts { get; set; } = [];

    /// <summary>Further values of <c>token_type</c> that the server uses for bearer tokens, for instance <c>BearerToken</c>.</summary>
    /// <value>Defaults to none: only <c>Bearer</c>, which a missing type means too. Case is ignored.</value>
    public IList<string> AcceptedTokenTypes { get; set; } = [];
#pragma warning restore CA2227

    /// <summary>
    /// Allows http for endpoints and APIs that are not loopback. Use it only in a network that encrypts the traffic itself, for instance a
    /// service mesh.
    /// </summary>
    /// <value>Defaults to <see langword="false"/>.</value>
    public bool AllowInsecureHttp { get; set; }

    /// <summary>The timeout of a token request, including all attempts and the waits between them.</summary>
    /// <value>Defaults to 30 seconds. From 10 milliseconds to 10 minutes.</value>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// The timeout of one attempt, from signing the request to the end of the response. The wait for a permit does not count (see
    /// <see cref="MaxConcurrentRequests"/>). An attempt that times out is retried. The first read of the metadata has the same timeout, a
    /// later read half of it.
    /// </summary>
    /// <value>Defaults to 10 seconds. From 10 milliseconds to 10 minutes.</value>
    public TimeSpan AttemptTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// The maximum number of retries after a transient error, while callers wait for the token. A background renewal makes a single
    /// attempt; a later call starts the next one.
    /// </summary>
    /// <value>Defaults to 2. From 0 to 10.</value>
    public int MaxRetries { get; set; } = 2;

    /// <summary>
    /// The maximum number of concurrent requests to a token endpoint, shared by all clients with the same value. Further requests wait for
    /// a permit until <see cref="Timeout"/> ends.
    /// </summary>
    /// <value>Defaults to 10. From 1 to 1000.</value>
    public int MaxConcurrentRequests { get; set; } = 10;

    /// <summary>The maximum <c>Retry-After</c>. A longer one from the server is reduced to this.</summary>
    /// <value>Defaults to 60 seconds. From 0 to 1 hour.</value>
    public TimeSpan MaxRetryAfter { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>The maximum size of a response body from the authorization server, in bytes after decompression.</summary>
    /// <value>Defaults to 256 KiB. From 1 KiB to 1 MiB.</value>
    public int MaxResponseBytes { get; set; } = 256 * 1024;

    /// <summary>The lifetime of a token whose response has no <c>expires_in</c>.</summary>
    /// <value>Defaults to 5 minutes. From 1 second to 1 day.</value>
    public TimeSpan DefaultLifetime { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>The maximum lifetime of a token. A longer <c>expires_in</c> is reduced to this.</summary>
    /// <value>Defaults to 24 hours. From 1 second to 365 days.</value>
    public TimeSpan MaxLifetime { get; set; } = TimeSpan.FromHours(24);

    /// <summary>Fails with a <see cref="TokenRequestException"/> if the server grants fewer scopes than requested.</summary>
    /// <value>Defaults to <see langword="false"/>: the missing scopes are logged as a warning.</value>
    public bool RequireAllScopes { get; set; }

    /// <summary>Accepts only access tokens in the b64token syntax (RFC 6750 section 2.1).</summary>
    /// <value>Defaults to <see langword="false"/>: any printable ASCII without spaces, because some servers issue such tokens.</value>
    public bool RequireBearerSyntax { get; set; }

    /// <summary>
    /// Requires what the FAPI 2.0 Security Profile (Final, section 5) demands of a client: <c>private_key_jwt</c> or mutual TLS,
    /// sender-constrained tokens, discovery, https also for loopback, TLS 1.2 or later, and the algorithms PS256, ES256 and EdDSA.
    /// It turns on <see cref="RequireBearerSyntax"/>, and <see cref="CertificateBoundTokens"/> if tokens are requested over mutual TLS,
    /// otherwise <see cref="DPoPBoundAccessTokens"/>. A weaker setting is an error at start that names the clause.
    /// </summary>
    /// <value>Defaults to <see langword="false"/>.</value>
    public bool RequireFapi2 { get; set; }

    /// <summary>Whether the host requests the first token while it starts.</summary>
    /// <value>Defaults to <see cref="WarmUp.Off"/>: the first call requests it.</value>
    public WarmUp WarmUp { get; set; }

    /// <summary>Requests and renews the token without a call, as soon as it is needed or due, while the host runs.</summary>
    /// <value>Defaults to <see langword="false"/>: a token that nobody uses is not renewed.</value>
    public bool KeepWarm { get; set; }

    /// <summary>
    /// Revokes the client's tokens (RFC 7009) when <see cref="TokenProvider.DisposeAsync"/> is called, for instance at the end of the host.
    /// A failure is logged. It cannot be combined with a shared token cache, because the other instances use the same token.
    /// </summary>
    /// <value>Defaults to <see langword="false"/>: tokens stay valid until they expire.</value>
    public bool RevokeOnDispose { get; set; }

    /// <summary>Describes the client without its secrets.</summary>
    /// <returns>The type name, the client id, and the issuer or the token endpoint.</returns>
    public override string ToString() =>
        $"{nameof(ClientCredentialsOptions)} {{ ClientId = {ClientId}, Server = {Authority ?? TokenEndpoint} }}";
}
