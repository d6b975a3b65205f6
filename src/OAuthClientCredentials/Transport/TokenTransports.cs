namespace OAuthClientCredentials.Transport;

/// <summary>
/// The HttpClients for token requests without dependency injection: one without a certificate, and one for the current certificate.
/// </summary>
internal sealed class TokenTransports(HttpMessageHandler? handler) : IDisposable
{
    private readonly object _gate = new();
    private readonly HttpClient _plain = Create(handler ?? TokenTransport.Create(), isOurs: handler is null);
    private (string Thumbprint, HttpClient Client)? _current;

    /// <summary>
    /// Returns the HttpClient for a certificate. Your own handler shows the certificate itself. The HttpClient of a former certificate
    /// is not disposed, so that its requests can complete.
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
        new(new WireAddress.Handler(handler), isOurs) { Timeout = Timeout.InfiniteTimeSpan };
}
