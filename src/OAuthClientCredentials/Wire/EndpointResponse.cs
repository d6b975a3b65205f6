using System.Net;

namespace OAuthClientCredentials.Wire;

internal sealed class EndpointResponse(HttpStatusCode status, string? mediaType, byte[] body, TimeSpan? retryAfter)
{
    public HttpStatusCode Status => status;

    public byte[] Body => body;

    /// <summary>How long the server asks to be left alone, as far as the client is ready to obey .</summary>
    public TimeSpan? WaitAtMost(TimeSpan most) => retryAfter > most ? most : retryAfter;

    public bool IsSuccess => (int)status is >= 200 and < 300;

    /// <summary>Status and media type; the latter is text from outside.</summary>
    public string Describe(IReadOnlyList<string> secrets) =>
        ServerText.Clean(mediaType, secrets) is { } type ? $"status {(int)status}, {type}" : $"status {(int)status}";
}
