using System.Net;
using OAuthClientCredentials.Diagnostics;

namespace OAuthClientCredentials.Transport;

internal sealed class EndpointResponse(
    HttpResponseMessage message,
    HttpStatusCode status,
    string? mediaType,
    byte[] body,
    TimeSpan? retryAfter)
{
    /// <summary>The message, for its headers: its content has been read and disposed.</summary>
    public HttpResponseMessage Message => message;

    public HttpStatusCode Status => status;

    public byte[] Body => body;

    public bool IsSuccess => (int)status is >= 200 and < 300;

    /// <summary>How long the server asks to wait, as far as the client allows it .</summary>
    public TimeSpan? WaitAtMost(TimeSpan max) => retryAfter > max ? max : retryAfter;

    /// <summary>Status and media type; the media type is text from outside.</summary>
    public string Describe(IReadOnlyList<string> secrets)
    {
        string told = $"status {(int)status}";
        if (ServerText.Clean(mediaType, secrets) is { } type)
        {
            told += $", {type}";
        }

        return told;
    }
}
