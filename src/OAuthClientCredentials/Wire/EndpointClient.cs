using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Authentication;
using OAuthClientCredentials.Diagnostics;

namespace OAuthClientCredentials.Wire;

/// <summary>Sends one request to one endpoint of the authorization server and reads the whole answer: no redirects, bounded, typed errors.</summary>
internal sealed class EndpointClient(Func<TlsCertificate?, HttpClient> httpClient, TimeProvider timeProvider)
{
    /// <param name="request">What is sent.</param>
    /// <param name="attempt">The token request that it is, if it is one: its secrets are never quoted back, and its certificate is shown.</param>
    /// <param name="client">Whose request it is.</param>
    /// <param name="maxBytes">The largest body that is read.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async ValueTask<EndpointResponse> SendAsync(HttpRequestMessage request, TokenRequestAttempt? attempt, ClientName client, int maxBytes, CancellationToken cancellationToken)
    {
        Uri target = request.RequestUri!;
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        try
        {
            using HttpResponseMessage response = await httpClient(attempt?.Tls).SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
            CheckNotRedirected(response, target, attempt, client);
            byte[] body = await BoundedReader.ReadAsync(response.Content, maxBytes, cancellationToken).ConfigureAwait(false)
                ?? throw client.Failed(target, $"the response is larger than {maxBytes} bytes", "Check that this is the authorization server, or raise MaxResponseBytes.", response.StatusCode);
            return new(response.StatusCode, response.Content.Headers.ContentType?.MediaType, body, RetryAfter.Read(response, timeProvider.GetUtcNow()));
        }
        // A connection that is reset in the moment of its making comes as it is, not wrapped.
        catch (Exception exception) when (exception is HttpRequestException or IOException or SocketException || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw Unreachable(exception, target, client);
        }
    }

    private static void CheckNotRedirected(HttpResponseMessage response, Uri target, TokenRequestAttempt? attempt, ClientName client)
    {
        if ((int)response.StatusCode is >= 300 and < 400)
        {
            // What cannot be resolved is a redirect all the same, and no reason to send the secret again.
            string origin = Uri.TryCreate(target, response.Headers.Location, out Uri? location) ? location.GetLeftPart(UriPartial.Authority) : "nowhere";
            throw client.Failed(target, $"it answered with a redirect ({(int)response.StatusCode}) to {Safe(origin, attempt)}, which is never followed", "Set the endpoint to its final address.", response.StatusCode);
        }

        // a primary handler of unknown type may have followed one on its own.
        if (response.RequestMessage?.RequestUri is { } answered && answered != target)
        {
            throw client.Failed(target, "the HttpClient followed a redirect", "Turn automatic redirects off in the primary handler of the token HttpClient.", response.StatusCode);
        }
    }

    // the origin is text from the server, as any other.
    private static string Safe(string origin, TokenRequestAttempt? attempt) =>
        origin.Contains('@', StringComparison.Ordinal) ? "another place" : ServerText.Clean(origin, attempt is null ? [] : TokenRequestMessage.Secrets(attempt)) ?? "nowhere";

    private static TokenRequestException Unreachable(Exception exception, Uri target, ClientName client)
    {
        // trust is a matter of configuration; a broken connection is not.
        bool isUntrusted = exception.InnerException is AuthenticationException;
        HttpRequestError error = (exception as HttpRequestException)?.HttpRequestError ?? (exception as HttpIOException)?.HttpRequestError ?? HttpRequestError.Unknown;
        string what = exception is OperationCanceledException ? "the token HttpClient gave up by a limit of its own, a ConnectTimeout for instance"
            : isUntrusted ? "the TLS certificate was not accepted"
            : error == HttpRequestError.Unknown ? "the connection failed"
            : $"the connection failed ({error})";
        string remedy = isUntrusted ? "Check the server's certificate, or give the token HttpClient a handler that trusts your private CA."
            : "Check that the address is right and can be reached from here.";
        return client.Failed(target, what, remedy, (exception as HttpRequestException)?.StatusCode, isTransient: !isUntrusted, innerException: TransportFailure.Cause(exception));
    }
}
