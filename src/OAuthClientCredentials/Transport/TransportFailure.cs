using System.Net.Sockets;
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

    /// <summary>Whether the message of an exception of this type is written by the operating system or the TLS layer.</summary>
    public static bool IsSafe(Exception exception) => exception is SocketException or AuthenticationException;
}
