namespace OAuthClientCredentials;

/// <summary>How tokens are attached to the requests of one HttpClient.</summary>
public sealed class AccessTokenHandlerOptions
{
    /// <summary>The origins (scheme, host, port) that may see a token, for instance <c>https://api.example.com</c> or <c>https://*.example.com</c>.</summary>
    /// <value>Defaults to none: the origin of the HttpClient's <c>BaseAddress</c>, and without one any https or loopback origin.</value>
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
    /// <value>Defaults to <see langword="false"/>: many APIs send a bare 401.</value>
    public bool RequireInvalidToken { get; set; }

    /// <summary>Sends requests with non-idempotent methods (POST, PATCH) again after a 401. The server refused before it acted.</summary>
    /// <value>Defaults to <see langword="true"/>.</value>
    public bool ReplayNonIdempotentMethods { get; set; } = true;

    /// <summary>Buffers content that could otherwise not be sent again, up to 1 MiB, before the first send. Content of unknown length that turns out larger fails, and what is written while the response comes already (duplex gRPC calls) never ends.</summary>
    /// <value>Defaults to <see langword="false"/>: the 401 is returned.</value>
    public bool BufferRequestContent { get; set; }
}
