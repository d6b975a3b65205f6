using Microsoft.Extensions.Logging;

namespace OAuthClientCredentials.Transport;

/// <summary>
/// The HttpClients for token requests without dependency injection: one without a certificate, and one for the current certificate.
/// </summary>
internal sealed class TokenTransports : IDisposable
{
    private readonly object _gate = new();
    private readonly HttpMessageHandler? _yours;
    private readonly HttpClient _plain;
    private (string Thumbprint, HttpClient Client)? _current;

    /// <param name="handler">Your handler, which is not disposed, or null.</param>
    /// <param name="httpClientName">Names the HttpClient in the log.</param>
    /// <param name="logger">The logger.</param>
    /// <exception cref="UnsafeHandlerException">Your handler may follow redirects, and cannot be copied.</exception>
    public TokenTransports(HttpMessageHandler? handler, string httpClientName, ILogger logger)
    {
        _yours = handler;
        if (handler is null)
        {
            _plain = Create(TokenTransport.Create(), isOurs: true);
            return;
        }

        HttpMessageHandler transport = TokenTransport.Harden(handler, httpClientName, logger);
        _plain = Create(transport, isOurs: transport != handler);
    }

    /// <summary>
    /// Returns the HttpClient for a certificate. Your own handler shows the certificate itself. The HttpClient of a former certificate
    /// is not disposed, so that its requests can complete.
    /// </summary>
    public HttpClient For(TlsCertificate? certificate)
    {
        if (certificate is null || _yours is not null)
        {
            return _plain;
        }

        lock (_gate)
        {
            if (_current?.Thumbprint != certificate.Thumbprint)
            {
                HttpMessageHandler transport = certificate.TryApplyToCopyOf(TokenTransport.Create())!;
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
        new(new InnermostHandler(handler), isOurs) { Timeout = Timeout.InfiniteTimeSpan };
}
