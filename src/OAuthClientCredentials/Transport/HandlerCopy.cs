namespace OAuthClientCredentials.Transport;

/// <summary>Copies a handler that opens connections. Other HttpClients may share the original, so it is not changed .</summary>
/// <remarks>The copy has connections of its own. Objects such as the proxy or the cookies are shared.</remarks>
internal static class HandlerCopy
{
    /// <summary>Returns a new handler with the same settings, or null if handlers of this type cannot be copied.</summary>
    public static HttpMessageHandler? TryCreate(HttpMessageHandler original) => original switch
    {
        SocketsHttpHandler sockets => Copy(sockets),
        HttpClientHandler classic when classic.GetType() == typeof(HttpClientHandler) => Copy(classic),
        _ => null,
    };

    /// <summary>The handler that opens connections, below all delegating handlers.</summary>
    public static HttpMessageHandler TransportOf(HttpMessageHandler handler)
    {
        while (handler is DelegatingHandler { InnerHandler: { } inner })
        {
            handler = inner;
        }

        return handler;
    }

    /// <summary>
    /// Replaces the handler that opens connections. A delegating handler that has not sent a request yet gets the new one as its inner
    /// handler.
    /// </summary>
    /// <returns>The new handler or the delegating handler around it; null if nothing could be replaced.</returns>
    public static HttpMessageHandler? TryReplaceTransport(
        HttpMessageHandler handler,
        Func<HttpMessageHandler, HttpMessageHandler?> replace)
    {
        if (handler is not DelegatingHandler { InnerHandler: { } inner } outer)
        {
            return replace(handler);
        }

        HttpMessageHandler? replaced = TryReplaceTransport(inner, replace);
        if (replaced is null || replaced == inner)
        {
            return replaced is null ? null : handler;
        }

        try
        {
            outer.InnerHandler = replaced;
            return handler;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    private static SocketsHttpHandler Copy(SocketsHttpHandler original)
    {
        SocketsHttpHandler copy = CopySettings(original);
        foreach ((string name, object? value) in original.Properties)
        {
            copy.Properties[name] = value;
        }

        return copy;
    }

    private static SocketsHttpHandler CopySettings(SocketsHttpHandler original) => new()
    {
        ActivityHeadersPropagator = original.ActivityHeadersPropagator,
        AllowAutoRedirect = original.AllowAutoRedirect,
        AutomaticDecompression = original.AutomaticDecompression,
        ConnectCallback = original.ConnectCallback,
        ConnectTimeout = original.ConnectTimeout,
        CookieContainer = original.CookieContainer,
        Credentials = original.Credentials,
        DefaultProxyCredentials = original.DefaultProxyCredentials,
        EnableMultipleHttp2Connections = original.EnableMultipleHttp2Connections,
#if NET9_0_OR_GREATER
        EnableMultipleHttp3Connections = original.EnableMultipleHttp3Connections,
#endif
        Expect100ContinueTimeout = original.Expect100ContinueTimeout,
        InitialHttp2StreamWindowSize = original.InitialHttp2StreamWindowSize,
        KeepAlivePingDelay = original.KeepAlivePingDelay,
        KeepAlivePingPolicy = original.KeepAlivePingPolicy,
        KeepAlivePingTimeout = original.KeepAlivePingTimeout,
        MaxAutomaticRedirections = original.MaxAutomaticRedirections,
        MaxConnectionsPerServer = original.MaxConnectionsPerServer,
        MaxResponseDrainSize = original.MaxResponseDrainSize,
        MaxResponseHeadersLength = original.MaxResponseHeadersLength,
        MeterFactory = original.MeterFactory,
        PlaintextStreamFilter = original.PlaintextStreamFilter,
        PooledConnectionIdleTimeout = original.PooledConnectionIdleTimeout,
        PooledConnectionLifetime = original.PooledConnectionLifetime,
        PreAuthenticate = original.PreAuthenticate,
        Proxy = original.Proxy,
        RequestHeaderEncodingSelector = original.RequestHeaderEncodingSelector,
        ResponseDrainTimeout = original.ResponseDrainTimeout,
        ResponseHeaderEncodingSelector = original.ResponseHeaderEncodingSelector,
        SslOptions = original.SslOptions,
        UseCookies = original.UseCookies,
        UseProxy = original.UseProxy,
    };

    private static HttpClientHandler Copy(HttpClientHandler original)
    {
        // Credentials cover UseDefaultCredentials, and MaxRequestContentBufferSize has no effect.
        HttpClientHandler copy = new()
        {
            AllowAutoRedirect = original.AllowAutoRedirect,
            AutomaticDecompression = original.AutomaticDecompression,
            CheckCertificateRevocationList = original.CheckCertificateRevocationList,
            ClientCertificateOptions = original.ClientCertificateOptions,
            CookieContainer = original.CookieContainer,
            Credentials = original.Credentials,
            DefaultProxyCredentials = original.DefaultProxyCredentials,
            MaxAutomaticRedirections = original.MaxAutomaticRedirections,
            MaxConnectionsPerServer = original.MaxConnectionsPerServer,
            MaxResponseHeadersLength = original.MaxResponseHeadersLength,
            MeterFactory = original.MeterFactory,
            PreAuthenticate = original.PreAuthenticate,
            Proxy = original.Proxy,
            ServerCertificateCustomValidationCallback = original.ServerCertificateCustomValidationCallback,
            SslProtocols = original.SslProtocols,
            UseCookies = original.UseCookies,
            UseProxy = original.UseProxy,
        };

        // With automatic selection the list of certificates is not used, and reading it throws.
        if (original.ClientCertificateOptions == ClientCertificateOption.Manual)
        {
            copy.ClientCertificates.AddRange(original.ClientCertificates);
        }

        return copy;
    }
}
