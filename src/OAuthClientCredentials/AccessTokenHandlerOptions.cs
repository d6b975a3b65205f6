namespace OAuthClientCredentials;

/// <summary>How tokens are attached to the requests of one HttpClient.</summary>
public sealed class AccessTokenHandlerOptions
{
    /// <summary>
    /// The origins (scheme, host, port) that may see a token, for instance <c>https://api.example.com</c> or <c>https://*.example.com</c>.
    /// <c>https://*</c> allows every https origin.
    /// </summary>
    /// <value>Defaults to none: only the origin of the HttpClient's <c>BaseAddress</c>. A list replaces it.</value>
#pragma warning disable CA2227 // Options are set with `o.AllowedOrigins = [...]`.
    public IList<string> AllowedOrigins { get; set; } = [];
#pragma warning restore CA2227

    /// <summary>Sends requests to other origins without a token, instead of refusing them.</summary>
    /// <value>Defaults to <see langword="false"/>.</value>
    public bool SendWithoutTokenToOtherOrigins { get; set; }

    /// <summary>Replaces an <c>Authorization</c> header that the caller set.</summary>
    /// <value>Defaults to <see langword="false"/>: the caller's header stays and no token is attached.</value>
    public bool OverwriteAuthorization { get; set; }

    /// <summary>Renews after a 401 only if its challenge says <c>invalid_token</c> (RFC 6750 section 3.1).</summary>
    /// <value>Defaults to <see langword="false"/>: any 401 renews, unless its challenge says that a new token does not help.</value>
    public bool RenewOnlyOnInvalidToken { get; set; }

    /// <summary>Decides which responses mean that the token was rejected, for instance for an API that responds with 403.</summary>
    /// <remarks>It is called for every response to a request with a token, and must not read the content.</remarks>
    /// <value>Defaults to <see langword="null"/>: 401, see <see cref="RenewOnlyOnInvalidToken"/>, which a delegate replaces.</value>
    public Func<HttpResponseMessage, bool>? ShouldRenew { get; set; }

    /// <summary>Sends requests with non-idempotent methods (POST, PATCH) again after a 401. The API refused them before it acted.</summary>
    /// <value>Defaults to <see langword="true"/>.</value>
    public bool ReplayNonIdempotentMethods { get; set; } = true;

    /// <summary>
    /// Buffers content that could otherwise not be sent again, and every JSON value, up to 1 MiB, before the first send. Content of unknown
    /// length that turns out larger fails; content that is written while the response arrives (duplex gRPC) never ends.
    /// </summary>
    /// <value>Defaults to <see langword="false"/>: the 401 is returned.</value>
    public bool BufferRequestContent { get; set; }
}
