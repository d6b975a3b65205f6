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
        switch (HandlerCopy.TryCreate(handler))
        {
            case SocketsHttpHandler copy:
                copy.AllowAutoRedirect = false;
                copy.UseCookies = false;
                copy.AutomaticDecompression = DecompressionMethods.None;
                copy.MaxResponseDrainSize = 0;
                if (copy.PooledConnectionLifetime == Timeout.InfiniteTimeSpan)
                {
                    copy.PooledConnectionLifetime = ConnectionLifetime;
                }

                return copy;
            case HttpClientHandler copy:
                copy.AllowAutoRedirect = false;
                copy.UseCookies = false;
                copy.AutomaticDecompression = DecompressionMethods.None;
                return copy;
        }

        if (handler is DelegatingHandler { InnerHandler: { } inner } outer)
        {
            SetInnerHandler(outer, Harden(inner, httpClientName, logger));
        }
        else
        {
            CheckUncopied(handler, httpClientName, logger);
        }

        return handler;
    }

    private static void SetInnerHandler(DelegatingHandler outer, HttpMessageHandler inner)
    {
        if (outer.InnerHandler == inner)
        {
            return;
        }

        try
        {
            outer.InnerHandler = inner;
        }
        catch (InvalidOperationException)
        {
            throw new UnsafeHandlerException(outer.GetType().Name); // It has sent requests already.
        }
    }

    // A class that derives from a known handler cannot be copied.
    private static void CheckUncopied(HttpMessageHandler handler, string httpClientName, ILogger logger)
    {
        switch (handler)
        {
            case DelegatingHandler:
            case SocketsHttpHandler { AllowAutoRedirect: false, UseCookies: false, AutomaticDecompression: DecompressionMethods.None }:
            case HttpClientHandler { AllowAutoRedirect: false, UseCookies: false, AutomaticDecompression: DecompressionMethods.None }:
                break;
            case SocketsHttpHandler or HttpClientHandler:
                throw new UnsafeHandlerException(handler.GetType().Name);
            default:
                logger.UnknownPrimaryHandler(httpClientName, handler.GetType().Name);
                break;
        }
    }
}
