using System.Net;
using System.Net.Http.Headers;
using System.Security.Authentication;
using OAuthClientCredentials.Diagnostics;

namespace OAuthClientCredentials.Wire;

/// <summary>Sends one request to one endpoint of the authorization server and reads the whole answer: no redirects, bounded, typed errors.</summary>
internal sealed class EndpointClient(Func<HttpClient> httpClient, TimeProvider timeProvider)
{
    public async ValueTask<EndpointResponse> SendAsync(HttpRequestMessage request, ClientName client, int maxBytes, CancellationToken cancellationToken)
    {
        Uri target = request.RequestUri!;
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        try
        {
            using HttpResponseMessage response = await httpClient().SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
            CheckNotRedirected(response, target, client);
            byte[] body = await BoundedReader.ReadAsync(response.Content, maxBytes, cancellationToken).ConfigureAwait(false)
                ?? throw client.Failed(target, $"the response is larger than {maxBytes} bytes", "Check that this is the authorization server, or raise MaxResponseBytes.", response.StatusCode);
            return new(response.StatusCode, response.Content.Headers.ContentType?.MediaType, body, RetryAfter.Read(response, timeProvider.GetUtcNow()));
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            throw Unreachable(exception, target, client);
        }
    }

    private static void CheckNotRedirected(HttpResponseMessage response, Uri target, ClientName client)
    {
        if ((int)response.StatusCode is >= 300 and < 400)
        {
            // What cannot be resolved is a redirect all the same, and no reason to send the secret again.
            string origin = response.Headers.Location is { } location && Uri.TryCreate(target, location, out Uri? resolved) ? resolved.GetLeftPart(UriPartial.Authority) : "nowhere";
            throw client.Failed(target, $"it answered with a redirect ({(int)response.StatusCode}) to {Safe(origin)}, which is never followed", "Set the endpoint to its final address.", response.StatusCode);
        }

        // a primary handler of unknown type may have followed one on its own.
        if (response.RequestMessage?.RequestUri is { } answered && answered != target)
        {
            throw client.Failed(target, "the HttpClient followed a redirect", "Turn automatic redirects off in the primary handler of the token HttpClient.", response.StatusCode);
        }
    }

    private static string Safe(string origin) => origin.Contains('@', StringComparison.Ordinal) ? "another place" : ServerText.Clean(origin, []) ?? "nowhere";

    private static TokenRequestException Unreachable(Exception exception, Uri target, ClientName client)
    {
        // trust is a matter of configuration; a broken connection is not.
        bool isUntrusted = exception.InnerException is AuthenticationException;
        string what = isUntrusted ? "the TLS certificate was not accepted"
            : exception is HttpRequestException { HttpRequestError: not HttpRequestError.Unknown } known ? $"the connection failed ({known.HttpRequestError})"
            : "the connection failed";
        string remedy = isUntrusted ? "Check the server's certificate, or give the token HttpClient a handler that trusts your private CA."
            : "Check that the address is right and can be reached from here.";
        return client.Failed(target, what, remedy, (exception as HttpRequestException)?.StatusCode ?? default(HttpStatusCode?), isTransient: !isUntrusted, innerException: Innermost(exception));
    }

    // HttpRequestException holds no request, but a custom handler's exception may; the socket or TLS error at the bottom says enough.
    private static Exception Innermost(Exception exception) =>
        exception.GetBaseException() is var cause and (System.Net.Sockets.SocketException or AuthenticationException or IOException or HttpRequestException)
            ? cause
            : new IOException(exception.GetBaseException().GetType().Name);
}
