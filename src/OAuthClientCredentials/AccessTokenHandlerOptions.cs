namespace OAuthClientCredentials;

/// <summary>Configures how tokens are attached to the requests of one HttpClient.</summary>
public sealed class AccessTokenHandlerOptions
{
    /// <summary>
    /// The origins (scheme, host, port) that tokens may be sent to, for instance <c>https://api.example.com</c> or
    /// <c>https://*.example.com</c>. <c>https://*</c> allows every https origin.
    /// </summary>
    /// <value>Defaults to an empty list, which allows only the origin of the HttpClient's <c>BaseAddress</c>. A list that is not empty
    /// replaces that origin.</value>
#pragma warning disable CA2227 // Options are set with `o.AllowedOrigins = [...]`.
    public IList<string> AllowedOrigins { get; set; } = [];
#pragma warning restore CA2227

    /// <summary>Sends requests to other origins without a token, instead of refusing them.</summary>
    /// <value>Defaults to <see langword="false"/>.</value>
    public bool SendWithoutTokenToOtherOrigins { get; set; }

    /// <summary>Replaces an <c>Authorization</c> header that the caller set.</summary>
    /// <value>Defaults to <see langword="false"/>: the caller's header is sent, and no token is attached. <c>Bearer</c> or <c>DPoP</c>
    /// without a credential is always replaced.</value>
    public bool OverwriteAuthorization { get; set; }

    /// <summary>Renews the token after a 401 only if the challenge has the error <c>invalid_token</c> (RFC 6750 section 3.1).</summary>
    /// <value>Defaults to <see langword="false"/>: any 401 renews the token, unless its challenge has an error that a new token does not
    /// fix, for instance <c>insufficient_scope</c>.</value>
    public bool RenewOnlyOnInvalidToken { get; set; }

    /// <summary>Decides whether a response means that the API rejected the token, for instance if the API responds with 403.</summary>
    /// <remarks>It is called for every response to a request with a token. It must not read the content.</remarks>
    /// <value>Defaults to <see langword="null"/>: a 401 does. If set, <see cref="RenewOnlyOnInvalidToken"/> has no effect.</value>
    public Func<HttpResponseMessage, bool>? ShouldRenew { get; set; }

    /// <summary>Sends requests with methods that are not idempotent (POST, PATCH) again after a 401.</summary>
    /// <value>Defaults to <see langword="true"/>, because an API that responds with 401 has not processed the request.</value>
    public bool ReplayNonIdempotentMethods { get; set; } = true;

    /// <summary>
    /// Buffers content that could otherwise not be sent again, and every JSON value, before the first send, up to 1 MiB. Content of unknown
    /// length fails if it is larger. Do not set this for content that is written while the response arrives (duplex gRPC): the request
    /// would not complete.
    /// </summary>
    /// <value>Defaults to <see langword="false"/>: for such content the 401 is returned.</value>
    public bool BufferRequestContent { get; set; }
}
