using System.ComponentModel;
using System.Net;
using System.Security.Authentication;

namespace OAuthClientCredentials.Transport;

/// <summary>Removes secrets from the exceptions of a transport.</summary>
/// <remarks>
/// .NET quotes bytes that it could not read as HTTP, and these may contain a token or our secret. Your handler may put a request
/// into its exception.
/// </remarks>
internal static class TransportFailure
{
    /// <summary>Returns a socket or TLS error itself. Of any other exception it keeps only the type name.</summary>
    public static Exception Cause(Exception exception)
    {
        Exception cause = exception.GetBaseException();
        if (IsSafe(cause))
        {
            return cause;
        }

        return new IOException(cause.GetType().Name);
    }

    /// <summary>
    /// Whether the message of an exception of this type is written by the operating system or the TLS layer. A socket error is a
    /// Win32Exception too. On Windows, so is the cause of a TLS error.
    /// </summary>
    public static bool IsSafe(Exception exception) =>
        exception is Win32Exception or AuthenticationException || TlsAlerts.IsFromOpenSsl(exception);

    /// <summary>The status of the response, or of the proxy. A SOCKS proxy has none: 407 stands for a refused login.</summary>
    public static HttpStatusCode? StatusOf(Exception exception)
    {
        HttpRequestException? failure = exception as HttpRequestException;
        bool isTunnel = failure?.HttpRequestError == HttpRequestError.ProxyTunnelError;
        if (isTunnel && failure!.InnerException?.Message.Contains("auth", StringComparison.OrdinalIgnoreCase) == true)
        {
            return HttpStatusCode.ProxyAuthenticationRequired;
        }

        return failure?.StatusCode;
    }
}
