using System.Net.Sockets;
using System.Security.Authentication;

namespace OAuthClientCredentials.Transport;

/// <summary>
/// How much of a transport's exception is safe to keep: the platform quotes what it could not read as HTTP, which may hold a token or our
/// secret, and your handler may put a request into its exception.
/// </summary>
internal static class TransportFailure
{
    /// <summary>A socket or TLS error itself; of any other exception only the type.</summary>
    public static Exception Cause(Exception exception)
    {
        Exception cause = exception.GetBaseException();
        if (IsSafe(cause))
        {
            return cause;
        }

        return new IOException(cause.GetType().Name);
    }

    /// <summary>Stands between the loggers of IHttpClientFactory and the primary handler, because they log its exceptions.</summary>
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
