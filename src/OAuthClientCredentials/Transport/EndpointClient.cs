using System.Net.Http.Headers;
using System.Net.Sockets;
using OAuthClientCredentials.Diagnostics;

namespace OAuthClientCredentials.Transport;

/// <summary>Sends a request to an authorization server and reads the response. It follows no redirects and limits the size.</summary>
internal sealed class EndpointClient(Func<TlsSettings?, HttpClient> httpClient, TimeProvider timeProvider)
{
    private const string TransportTimedOut = "a timeout of the token HttpClient was exceeded, for instance ConnectTimeout";

    private const string TooLargeRemedy = "Check that this is the authorization server, or raise MaxResponseBytes.";

    /// <summary>Sends a request of a single client, for instance a token request.</summary>
    /// <param name="message">The request.</param>
    /// <param name="tls">The certificate that the connection shows, or other settings, or null.</param>
    /// <param name="secrets">Returns the secrets in the request. They are never quoted.</param>
    /// <param name="client">The client that an error names.</param>
    /// <param name="maxBytes">The maximum size of the body in bytes.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <returns>The response with any status except a redirect.</returns>
    /// <exception cref="TokenRequestException">There was no response, or it is a redirect or too large.</exception>
    public async ValueTask<EndpointResponse> SendAsync(
        HttpRequestMessage message,
        TlsSettings? tls,
        Func<List<string>> secrets,
        ClientContext client,
        int maxBytes,
        CancellationToken cancellationToken)
    {
        (EndpointResponse? response, EndpointFailure? failure) =
            await TrySendAsync(message, tls, secrets, maxBytes, cancellationToken).ConfigureAwait(false);
        return response ?? throw failure!.For(client);
    }

    /// <summary>Sends a request that several clients may wait for. Returns either the response or the failure.</summary>
    public async ValueTask<(EndpointResponse? Response, EndpointFailure? Failure)> TrySendAsync(
        HttpRequestMessage message,
        TlsSettings? tls,
        Func<List<string>> secrets,
        int maxBytes,
        CancellationToken cancellationToken)
    {
        Uri target = message.RequestUri!;
        message.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        try
        {
            using HttpResponseMessage response = await httpClient(tls)
                .SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
            DateTimeOffset receivedAt = timeProvider.GetUtcNow();
            if (FindRedirect(response, target, WireAddress.AddressOf(message), secrets) is { } redirect)
            {
                return (null, redirect);
            }

            byte[]? body = await BoundedReader.ReadAsync(response.Content, maxBytes, cancellationToken).ConfigureAwait(false);
            if (body is null)
            {
                return (null, TooLarge(response, target, maxBytes));
            }

            TimeSpan? wait = RetryAfter.Read(response, timeProvider.GetUtcNow());
            string? mediaType = response.Content.Headers.ContentType?.MediaType;
            return (new(response, response.StatusCode, mediaType, body, receivedAt, wait), null);
        }
        catch (UnsafeHandlerException exception)
        {
            return (null, new(ErrorType.Exception, target, "no request was sent", _ => exception.Message));
        }
        catch (Exception exception) when (IsBrokenConnection(exception))
        {
            return (null, ConnectionFailure.Of(exception, message));
        }
        catch (WireAddress.RefusedException exception)
        {
            return (null, new(ErrorType.Connection, target, $"nothing was sent, because {exception.Message}", _ => exception.Remedy));
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            return (null, Cancelled(exception, target));
        }
    }

    // A connection that is reset while it is being opened throws a SocketException that is not wrapped in an HttpRequestException.
    private static bool IsBrokenConnection(Exception exception) => exception is HttpRequestException or IOException or SocketException;

    private static EndpointFailure? FindRedirect(
        HttpResponseMessage response,
        Uri target,
        Uri sentTo,
        Func<List<string>> secrets)
    {
        int status = (int)response.StatusCode;
        if (status is >= 300 and < 400)
        {
            // This is a redirect even if its location cannot be resolved. The secret is not sent again.
            string origin = RedirectOrigin(response, target, secrets);
            string what = $"the response is a redirect ({status}) to {origin}, which is never followed";
            return new(ErrorType.Redirect, target, what, static _ => "Set the endpoint to its final address.")
            {
                Status = response.StatusCode,
            };
        }

        // A primary handler of unknown type may have followed a redirect on its own.
        if (response.RequestMessage?.RequestUri is { } actual && actual != target && actual != sentTo)
        {
            const string Remedy = "Turn automatic redirects off in the primary handler of the token HttpClient.";
            return new(ErrorType.Redirect, target, "the HttpClient followed a redirect", static _ => Remedy)
            {
                Status = response.StatusCode,
            };
        }

        return null;
    }

    // The message contains only the origin, cleaned like any other text from the server.
    private static string RedirectOrigin(HttpResponseMessage response, Uri target, Func<List<string>> secrets)
    {
        if (!Uri.TryCreate(target, response.Headers.Location, out Uri? location))
        {
            return "an address that is not valid";
        }

        string origin = location.GetLeftPart(UriPartial.Authority);
        if (origin.Contains('@', StringComparison.Ordinal))
        {
            return "an address with user info";
        }

        return ServerText.Clean(origin, secrets()) ?? "an address that is not valid";
    }

    private static EndpointFailure TooLarge(HttpResponseMessage response, Uri target, int maxBytes) =>
        new(ErrorType.InvalidResponse, target, $"the response is larger than {maxBytes} bytes", static _ => TooLargeRemedy)
        {
            Status = response.StatusCode,
        };

    private static EndpointFailure Cancelled(OperationCanceledException exception, Uri target) =>
        new(ErrorType.Timeout, target, TransportTimedOut, static _ => ConnectionFailure.UnreachableRemedy)
        {
            IsTransient = true,
            Cause = TransportFailure.Cause(exception),
        };
}
