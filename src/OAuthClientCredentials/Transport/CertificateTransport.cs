namespace OAuthClientCredentials.Transport;

/// <summary>Sends a request on connections that show a client certificate.</summary>
/// <remarks>It is a handler, because with an HttpMessageInvoker .NET would count the request twice in its metrics .</remarks>
internal sealed class CertificateTransport(HttpMessageHandler transport) : DelegatingHandler(transport)
{
    public Task<HttpResponseMessage> ForwardAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        SendAsync(request, cancellationToken);

    public HttpResponseMessage Forward(HttpRequestMessage request, CancellationToken cancellationToken) => Send(request, cancellationToken);
}
