namespace OAuthClientCredentials.Transport;

/// <summary>
/// The HttpClients of token requests where there is no dependency injection: one without certificate, and one for the present certificate.
/// </summary>
internal sealed class TokenTransports(HttpMessageHandler? handler) : IDisposable
{
    private readonly object _gate = new();
    private readonly HttpClient _plain = Create(handler ?? TokenTransport.Create(), isOurs: handler is null);
    private (string Thumbprint, HttpClient Client)? _current;

    /// <summary>
    /// A handler of the application's shows the certificate itself. Of a former certificate's client the connections drain.
    /// </summary>
    public HttpClient For(TlsCertificate? certificate)
    {
        if (certificate is null || handler is not null)
        {
            return _plain;
        }

        lock (_gate)
        {
            if (_current?.Thumbprint != certificate.Thumbprint)
            {
                SocketsHttpHandler transport = TokenTransport.Create();
                _ = certificate.TryApplyTo(transport);
                _current = (certificate.Thumbprint, Create(transport, isOurs: true));
            }

            return _current.Value.Client;
        }
    }

    public void Dispose()
    {
        _plain.Dispose();
        lock (_gate)
        {
            _current?.Client.Dispose();
        }
    }

    private static HttpClient Create(HttpMessageHandler handler, bool isOurs) =>
        new(handler, isOurs) { Timeout = Timeout.InfiniteTimeSpan };
}
