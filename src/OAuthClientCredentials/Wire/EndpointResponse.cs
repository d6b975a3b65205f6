using System.Net;

namespace OAuthClientCredentials.Wire;

internal sealed class EndpointResponse(HttpStatusCode status, string? mediaType, byte[] body, TimeSpan? retryAfter)
{
    public HttpStatusCode Status => status;

    public byte[] Body => body;

    public TimeSpan? RetryAfter => retryAfter;

    public bool IsSuccess => (int)status is >= 200 and < 300;

    public string Describe() => mediaType is null ? $"status {(int)status}" : $"status {(int)status}, {mediaType}";
}
