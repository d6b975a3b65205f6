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

    /// <summary>Runs between the loggers of IHttpClientFactory and the primary handler, because the loggers log its exceptions.</summary>
    public sealed class Handler(HttpMessageHandler primary) : DelegatingHandler(primary)
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            try
            {
                return await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
            }
            catch (HttpRequestException exception) when (!IsSafe(exception.GetBaseException()))
            {
                throw new HttpRequestException(exception.HttpRequestError, "The response could not be read.", Cause(exception));
            }
        }
    }

    private static bool IsSafe(Exception exception) => exception is SocketException or AuthenticationException;
}
