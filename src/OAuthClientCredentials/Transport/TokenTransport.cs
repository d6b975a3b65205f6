using System.Net;
using Microsoft.Extensions.Logging;
using OAuthClientCredentials.Diagnostics;

namespace OAuthClientCredentials.Transport;

/// <summary>What the transport to an authorization server may do by itself: nothing.</summary>
internal static class TokenTransport
{
    // DNS is looked up on connect only.
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
    /// Takes redirects, cookies and decompression from a handler of the application's, and the patience with a body
    /// that was too large; its proxy and trust stay.
    /// </summary>
    public static void Harden(HttpMessageHandler? handler, string httpClientName, ILogger logger)
    {
        while (handler is DelegatingHandler outer)
        {
            handler = outer.InnerHandler;
        }

        switch (handler)
        {
            case null:
                break;
            case SocketsHttpHandler sockets when !IsHard(sockets):
                sockets.MaxResponseDrainSize = 0;
                sockets.AllowAutoRedirect = false;
                sockets.UseCookies = false;
                sockets.AutomaticDecompression = DecompressionMethods.None;
                break;
            case HttpClientHandler classic when !IsHard(classic):
                classic.AllowAutoRedirect = false;
                classic.UseCookies = false;
                classic.AutomaticDecompression = DecompressionMethods.None;
                break;
            case not (SocketsHttpHandler or HttpClientHandler):
                logger.UnknownPrimaryHandler(httpClientName, handler.GetType().Name);
                break;
        }
    }

    // A handler that has sent a request cannot be changed any more, and need not be if it is like this already.
    private static bool IsHard(SocketsHttpHandler handler) => handler is
    {
        AllowAutoRedirect: false,
        UseCookies: false,
        AutomaticDecompression: DecompressionMethods.None,
        MaxResponseDrainSize: 0,
    };

    private static bool IsHard(HttpClientHandler handler) => handler is
    {
        AllowAutoRedirect: false,
        UseCookies: false,
        AutomaticDecompression: DecompressionMethods.None,
    };
}
