using Microsoft.Extensions.Logging;

namespace OAuthClientCredentials.Transport;

/// <summary>
/// The HttpClients for token requests without dependency injection: one without a certificate, one for the current certificate, and one
/// for TLS 1.2 or later.
/// </summary>
internal sealed class TokenTransports : IDisposable
{
    private readonly object _gate = new();
    private readonly HttpMessageHandler? _yours;
    private readonly HttpClient _plain;
    private readonly Lazy<HttpClient> _withoutOldVersions =
        new(static () => Create(TlsSettings.WithoutOldVersions.TryApplyToCopyOf(TokenTransport.Create())!, isOurs: true));

    private (string Settings, HttpClient Client)? _current;

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
    /// Returns the HttpClient with these TLS settings. Your own handler has its own settings. The HttpClient of a former certificate
    /// is not disposed, so that its requests can complete.
    /// </summary>
    public HttpClient For(TlsSettings? tls)
    {
        if (tls is null || _yours is not null)
        {
            return _plain;
        }

        if (tls is not TlsCertificate certificate)
        {
            return _withoutOldVersions.Value;
        }

        lock (_gate)
        {
            if (_current?.Settings != certificate.Id)
            {
                HttpMessageHandler transport = certificate.TryApplyToCopyOf(TokenTransport.Create())!;
                _current = (certificate.Id, Create(transport, isOurs: true));
            }

            return _current.Value.Client;
        }
    }

    public void Dispose()
    {
        _plain.Dispose();
        if (_withoutOldVersions.IsValueCreated)
        {
            _withoutOldVersions.Value.Dispose();
        }

        lock (_gate)
        {
            _current?.Client.Dispose();
        }
    }

    private static HttpClient Create(HttpMessageHandler handler, bool isOurs) =>
        new(new InnermostHandler(handler), isOurs) { Timeout = Timeout.InfiniteTimeSpan };
}
