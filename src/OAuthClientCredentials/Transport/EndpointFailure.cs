using System.Net;
using OAuthClientCredentials.Diagnostics;

namespace OAuthClientCredentials.Transport;

/// <summary>Why an endpoint gave no usable response. Several clients may have waited for it; each gets its own exception.</summary>
internal sealed record EndpointFailure(Uri Target, string What, Func<ClientName, string> Remedy)
{
    public HttpStatusCode? Status { get; init; }

    public bool IsTransient { get; init; }

    public TimeSpan? RetryAfter { get; init; }

    public Exception? Cause { get; init; }

    public TokenRequestException For(ClientName client) =>
        client.Failed(Target, What, Remedy(client), Status, IsTransient, Cause, RetryAfter);
}
