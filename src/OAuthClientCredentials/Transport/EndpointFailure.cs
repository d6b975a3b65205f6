using System.Net;

namespace OAuthClientCredentials.Transport;

/// <summary>Why an endpoint returned no usable response. Each client that waited for it gets its own exception.</summary>
/// <param name="Kind">A value of <see cref="Diagnostics.ErrorType"/>.</param>
/// <param name="Target">The address.</param>
/// <param name="What">What happened.</param>
/// <param name="Remedy">What to change, for a client.</param>
internal sealed record EndpointFailure(string Kind, Uri Target, string What, Func<ClientContext, string> Remedy)
{
    public HttpStatusCode? Status { get; init; }

    public bool IsTransient { get; init; }

    public TimeSpan? RetryAfter { get; init; }

    public Exception? Cause { get; init; }

    public TokenRequestException For(ClientContext client) =>
        client.Failed(Target, What, Remedy(client), Status, IsTransient, Cause, RetryAfter, Kind);
}
