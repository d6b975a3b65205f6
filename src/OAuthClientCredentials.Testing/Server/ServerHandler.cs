namespace OAuthClientCredentials.Testing.Server;

/// <summary>Passes requests to the test server without a network.</summary>
/// <remarks>
/// It derives from DelegatingHandler but has no inner handler. The library logs a warning for a primary handler of unknown type, because it
/// cannot turn off its redirects. This handler follows no redirects, so the warning would be wrong in the log of every test.
/// </remarks>
internal sealed class ServerHandler(Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>> respond) : DelegatingHandler
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        HttpResponseMessage response = await respond(request, cancellationToken).ConfigureAwait(false);
        response.RequestMessage = request;
        return response;
    }
}
