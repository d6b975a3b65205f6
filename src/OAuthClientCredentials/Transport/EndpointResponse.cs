using System.Net;
using OAuthClientCredentials.Diagnostics;

namespace OAuthClientCredentials.Transport;

internal sealed class EndpointResponse(
    HttpResponseMessage message,
    HttpStatusCode status,
    string? mediaType,
    byte[] body,
    DateTimeOffset receivedAt,
    TimeSpan? retryAfter)
{
    /// <summary>The message, for its headers. Its content was read and disposed.</summary>
    public HttpResponseMessage Message => message;

    public HttpStatusCode Status => status;

    public byte[] Body => body;

    /// <summary>When the headers arrived, by the clock of this machine.</summary>
    public DateTimeOffset ReceivedAt => receivedAt;

    /// <summary>The time of the response by the clock of the server. It is used in messages only .</summary>
    public DateTimeOffset? Date => message.Headers.Age is null ? message.Headers.Date : null;

    public bool IsSuccess => (int)status is >= 200 and < 300;

    /// <summary>Returns the Retry-After of the server, limited to a maximum .</summary>
    public TimeSpan? RetryAfterUpTo(TimeSpan max)
    {
        if (retryAfter > max)
        {
            return max;
        }

        return retryAfter;
    }

    /// <summary>Whether the body has a content coding, for instance gzip. The request asks for none, and none is decoded .</summary>
    public bool IsEncoded => message.Content.Headers.ContentEncoding.Count > 0;

    /// <summary>Whether the body is a page for people. No authorization server sends one from its token endpoint.</summary>
    public bool IsPage => WebPage.IsPage(mediaType, body);

    /// <summary>
    /// Returns the status, the media type, the content coding and the title of an error page, cleaned like any other text from the server.
    /// </summary>
    public string Describe(IReadOnlyList<string> secrets)
    {
        string text = $"status {(int)status}";
        if (ServerText.Clean(mediaType, secrets) is { } type)
        {
            text += $", {type}";
        }

        if (ServerText.Clean(string.Join(", ", message.Content.Headers.ContentEncoding), secrets) is { } encoding)
        {
            text += $", Content-Encoding {encoding}, which was not requested";
        }

        // The text of a success response is not quoted, because it may hold a token.
        if (!IsSuccess && ServerText.Clean(WebPage.TextOf(mediaType, body), secrets) is { } title)
        {
            text += $", '{title}'";
        }

        return text;
    }

    /// <summary>Returns what to change if the status shows who sent the response; null if it does not.</summary>
    public string? FindRemedy(Uri endpoint, ClientContext client)
    {
        Uri target = message.RequestMessage is { } sent ? WireAddress.AddressOf(sent) : endpoint;
        if (status == HttpStatusCode.ProxyAuthenticationRequired)
        {
            return ProxyFailure.LoginRemedy(target);
        }

        if (status != HttpStatusCode.BadRequest)
        {
            return null;
        }

        // Web servers respond with 400 and a page or plain text to http on a port that expects TLS.
        if (target.Scheme == Uri.UriSchemeHttp && (IsPage || mediaType == "text/plain"))
        {
            return ConnectionRemedies.Scheme;
        }

        // Metadata is requested without a client certificate.
        if (target.Scheme == Uri.UriSchemeHttp || !IsPage || message.RequestMessage?.Method == HttpMethod.Get)
        {
            return null;
        }

        string option = client.Option(nameof(ClientCredentialsOptions.CertificateFile));
        return "A web server or proxy in front of the authorization server refused the request. nginx does so without a client "
            + $"certificate, or with one that it cannot verify: check {option} and its intermediate certificates.";
    }
}
