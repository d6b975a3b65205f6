using System.Net;
using Microsoft.Extensions.Logging;
using OAuthClientCredentials.Diagnostics;

namespace OAuthClientCredentials.Transport;

/// <summary>The transport to an authorization server: without redirects, cookies and decompression.</summary>
internal static class TokenTransport
{
    // DNS is queried only when a connection is opened, so connections must end for a change of DNS to take effect.
    private static readonly TimeSpan ConnectionLifetime = TimeSpan.FromMinutes(2);

    public static SocketsHttpHandler Create() =>
        new()
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.None,
            PooledConnectionLifetime = ConnectionLifetime,
            MaxResponseDrainSize = 0,
        };

    /// <summary>
    /// Turns off redirects, cookies and decompression of your handler, and the reading of the rest of a body that was
    /// too large. Its proxy and its trusted certificates stay.
    /// </summary>
    public static void ApplySecureDefaults(HttpMessageHandler? handler, string httpClientName, ILogger logger)
    {
        HttpMessageHandler? innermost = InnermostOf(handler);
        switch (innermost)
        {
            case null:
                break;
            case SocketsHttpHandler sockets when !HasSecureDefaults(sockets):
                sockets.MaxResponseDrainSize = 0;
                sockets.AllowAutoRedirect = false;
                sockets.UseCookies = false;
                sockets.AutomaticDecompression = DecompressionMethods.None;
                break;
            case HttpClientHandler classic when !HasSecureDefaults(classic):
                classic.AllowAutoRedirect = false;
                classic.UseCookies = false;
                classic.AutomaticDecompression = DecompressionMethods.None;
                break;
            case not (SocketsHttpHandler or HttpClientHandler):
                logger.UnknownPrimaryHandler(httpClientName, innermost.GetType().Name);
                break;
        }
    }

    /// <summary>The handler that opens connections, below all delegating handlers.</summary>
    public static HttpMessageHandler? InnermostOf(HttpMessageHandler? handler)
    {
        while (handler is DelegatingHandler outer)
        {
            handler = outer.InnerHandler;
        }

        return handler;
    }

    // A handler that has sent a request can no longer be changed, so it is not changed if it has these settings already.
    private static bool HasSecureDefaults(SocketsHttpHandler handler) => handler is
    {
        AllowAutoRedirect: false,
        UseCookies: false,
        AutomaticDecompression: DecompressionMethods.None,
        MaxResponseDrainSize: 0,
    };

    private static bool HasSecureDefaults(HttpClientHandler handler) => handler is
    {
        AllowAutoRedirect: false,
        UseCookies: false,
        AutomaticDecompression: DecompressionMethods.None,
    };
}
