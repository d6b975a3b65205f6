using System.Reflection;

namespace OAuthClientCredentials.Transport;

/// <summary>
/// Checks the final address, sets the User-Agent and removes secrets from exceptions. It runs below all handlers of the application.
/// </summary>
internal sealed class InnermostHandler(HttpMessageHandler primary) : DelegatingHandler(primary)
{
    private const string UserAgent = "User-Agent";

    private static readonly string Product = $"OAuthClientCredentials/{ReadVersion()}";

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        WireAddress.Check(request);

        // Some firewalls refuse requests without this header. That of your HttpClient or of your handler is kept.
        if (!request.Headers.Contains(UserAgent))
        {
            request.Headers.Add(UserAgent, Product);
        }

        try
        {
            return await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
        }
        catch (HttpRequestException exception) when (!TransportFailure.IsSafe(exception.GetBaseException()))
        {
            // Your handlers may log this exception, and its message may quote the response.
            throw new HttpRequestException(
                exception.HttpRequestError,
                "The request failed. The message is not shown, because it may quote the response.",
                TransportFailure.Cause(exception),
                TransportFailure.StatusOf(exception));
        }
    }

    // Without the build metadata, which is the commit.
    private static string ReadVersion() =>
        typeof(InnermostHandler).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];
}
