using System.Net.Sockets;
using System.Security.Authentication;

namespace OAuthClientCredentials.Wire;

/// <summary>How much of an exception of the transport may be told: the platform quotes what it could not read as HTTP, which may be a token or our secret, and an application's handler may put a request into its own .</summary>
internal static class TransportFailure
{
    /// <summary>A socket or TLS error is told as it is; of any other only the type.</summary>
    public static Exception Cause(Exception exception) =>
        IsPlain(exception.GetBaseException()) ? exception.GetBaseException() : new IOException(exception.GetBaseException().GetType().Name);

    /// <summary>Stands between the factory's loggers and the primary handler, because they log its exceptions.</summary>
    public sealed class Handler(HttpMessageHandler primary) : DelegatingHandler(primary)
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            try
            {
                return await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
            }
            catch (HttpRequestException exception) when (!IsPlain(exception.GetBaseException()))
            {
                throw new HttpRequestException(exception.HttpRequestError, "The answer could not be read.", Cause(exception));
            }
        }
    }

    private static bool IsPlain(Exception exception) => exception is SocketException or AuthenticationException;
}
