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

    /// <summary>Returns the status, the media type and the content coding, cleaned like any other text from the server.</summary>
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

        return text;
    }
}
