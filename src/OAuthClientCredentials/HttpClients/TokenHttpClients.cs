using System.Runtime.CompilerServices;
using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials.Transport;

namespace OAuthClientCredentials.HttpClients;

/// <summary>Creates the HttpClients for requests to authorization servers. Thread-safe.</summary>
/// <remarks>
/// While the services are disposed, the factory creates no HttpClient. The last one is used again then, so that tokens can be revoked.
/// </remarks>
internal sealed class TokenHttpClients(IServiceProvider services)
{
    // Weak, so that a replaced certificate and its connections are not kept.
    private readonly ConditionalWeakTable<TlsSettings, HttpClient> _lastBySettings = [];
    private HttpClient? _last;

    public HttpClient Create(TlsSettings? tls)
    {
        if (tls is null)
        {
            return Create();
        }

        try
        {
            CertificateHttpClients clients = services.GetRequiredService<CertificateHttpClients>();
            HttpClient client = clients.CreateClient(TokenClient.HttpClientName, tls);
            _lastBySettings.AddOrUpdate(tls, client);
            return client;
        }
        catch (ObjectDisposedException) when (_lastBySettings.TryGetValue(tls, out HttpClient? last))
        {
            return last;
        }
    }

    private HttpClient Create()
    {
        try
        {
            return _last = services.GetRequiredService<IHttpClientFactory>().CreateClient(TokenClient.HttpClientName);
        }
        catch (ObjectDisposedException) when (_last is not null)
        {
            return _last;
        }
    }
}
