using System.Net;

namespace OAuthClientCredentials.Transport;

/// <summary>Why an endpoint returned no usable response. Each client that waited for it gets its own exception.</summary>
internal sealed record EndpointFailure(Uri Target, string What, Func<ClientContext, string> Remedy)
{
    public HttpStatusCode? Status { get; init; }

    public bool IsTransient { get; init; }

    public TimeSpan? RetryAfter { get; init; }

    public Exception? Cause { get; init; }

    public TokenRequestException For(ClientContext client) =>
        client.Failed(Target, What, Remedy(client), Status, IsTransient, Cause, RetryAfter);
}
