namespace OAuthClientCredentials.Testing.Server;

// A DelegatingHandler without an inner one: a primary handler of unknown type would be warned of in the log of every test,
// for its redirects cannot be turned off; this one has none.
internal sealed class ServerHandler(Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>> answer) : DelegatingHandler
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        HttpResponseMessage response = await answer(request, cancellationToken).ConfigureAwait(false);
        response.RequestMessage = request;
        return response;
    }
}
