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
    /// Returns a copy of your handler without redirects, cookies and decompression. It does not read the rest of a
    /// body that was too large. Its proxy and its trusted certificates stay.
    /// </summary>
    /// <returns>The copy; or your handler, whose inner handler was replaced by a copy, whose type is unknown, or which has these settings
    /// already.</returns>
    /// <exception cref="UnsafeHandlerException">Your handler cannot be copied, and it does not have these settings.</exception>
    public static HttpMessageHandler Harden(HttpMessageHandler handler, string httpClientName, ILogger logger)
    {
        HttpMessageHandler transport = HandlerCopy.TransportOf(handler);
        if (transport != handler && IsHardened(transport))
        {
            return handler;
        }

        if (HandlerCopy.TryReplaceTransport(handler, CreateHardenedCopy) is { } hardened)
        {
            return hardened;
        }

        // A class that derives from a known handler cannot be copied.
        if (transport is SocketsHttpHandler or HttpClientHandler && !IsHardened(transport))
        {
            throw new UnsafeHandlerException(handler.GetType().Name);
        }

        if (transport is not (SocketsHttpHandler or HttpClientHandler or DelegatingHandler))
        {
            logger.UnknownPrimaryHandler(httpClientName, transport.GetType().Name);
        }

        return handler;
    }

    private static HttpMessageHandler? CreateHardenedCopy(HttpMessageHandler transport)
    {
        HttpMessageHandler? copy = HandlerCopy.TryCreate(transport);
        switch (copy)
        {
            case SocketsHttpHandler sockets:
                sockets.AllowAutoRedirect = false;
                sockets.UseCookies = false;
                sockets.AutomaticDecompression = DecompressionMethods.None;
                sockets.MaxResponseDrainSize = 0;
                if (sockets.PooledConnectionLifetime == Timeout.InfiniteTimeSpan)
                {
                    sockets.PooledConnectionLifetime = ConnectionLifetime;
                }

                break;
            case HttpClientHandler classic:
                classic.AllowAutoRedirect = false;
                classic.UseCookies = false;
                classic.AutomaticDecompression = DecompressionMethods.None;
                break;
        }

        return copy;
    }

    private static bool IsHardened(HttpMessageHandler transport) => transport
        is SocketsHttpHandler { AllowAutoRedirect: false, UseCookies: false, AutomaticDecompression: DecompressionMethods.None }
        or HttpClientHandler { AllowAutoRedirect: false, UseCookies: false, AutomaticDecompression: DecompressionMethods.None };
}
