using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OAuthClientCredentials.Diagnostics;
using OAuthClientCredentials.Wire;

namespace OAuthClientCredentials.DependencyInjection;

/// <summary>
/// HttpClients that show a certificate, one for each certificate: the factory makes it as it makes the one that it is named after.
/// After a rotation new connections are another client's; those of the old one drain with it.
/// </summary>
internal sealed class CertificateHttpClients(IServiceProvider services) : IPostConfigureOptions<HttpClientFactoryOptions>
{
    private const string Mark = " with certificate ";

    // Of each HttpClient so many certificates are remembered. One that is used longer is remembered anew.
    private const int MostRemembered = 8;

    private readonly object _gate = new();
    private readonly Dictionary<string, (string Original, TlsCertificate Certificate)> _known = new(StringComparer.Ordinal);
    private readonly Queue<string> _order = new();

    public static bool IsOne(string? httpClientName) => httpClientName?.Contains(Mark, StringComparison.Ordinal) == true;

    public HttpClient CreateClient(string original, TlsCertificate certificate) =>
        services.GetRequiredService<IHttpClientFactory>().CreateClient(NameFor(original, certificate));

    public HttpMessageInvoker CreateInvoker(string original, TlsCertificate certificate) =>
        new(services.GetRequiredService<IHttpMessageHandlerFactory>().CreateHandler(NameFor(original, certificate)), disposeHandler: false);

    public void PostConfigure(string? name, HttpClientFactoryOptions options)
    {
        if (!IsOne(name))
        {
            return;
        }

        (string original, TlsCertificate certificate) = Find(name!);
        HttpClientFactoryOptions model = services.GetRequiredService<IOptionsMonitor<HttpClientFactoryOptions>>().Get(original);
        options.HandlerLifetime = model.HandlerLifetime;
        options.ShouldRedactHeaderValue = model.ShouldRedactHeaderValue;
        Replace(options.HttpClientActions, model.HttpClientActions);
        Replace(options.HttpMessageHandlerBuilderActions, model.HttpMessageHandlerBuilderActions);
        options.HttpMessageHandlerBuilderActions.Add(handlers =>
        {
            if (!certificate.TryApplyTo(handlers.PrimaryHandler))
            {
                services.GetRequiredService<ILoggerFactory>().CreateLogger<TokenClient>().CertificateNotShown(original, handlers.PrimaryHandler.GetType().Name);
            }

            if (original != TokenClient.HttpClientName)
            {
                // Only the connections differ: an API request has been through the other handlers when it comes here.
                handlers.AdditionalHandlers.Clear();
            }
        });
    }

    private string NameFor(string original, TlsCertificate certificate)
    {
        string name = original + Mark + certificate.Thumbprint;
        lock (_gate)
        {
            if (_known.TryAdd(name, (original, certificate)))
            {
                _order.Enqueue(name);
                if (_order.Count(known => _known[known].Original == original) > MostRemembered)
                {
                    Forget(_order.First(known => _known[known].Original == original));
                }
            }
        }

        return name;
    }

    private void Forget(string name)
    {
        _known.Remove(name);
        string[] rest = [.. _order.Where(known => known != name)];
        _order.Clear();
        Array.ForEach(rest, _order.Enqueue);
        services.GetRequiredService<IOptionsMonitorCache<HttpClientFactoryOptions>>().TryRemove(name);
    }

    // A name that is not known would get a transport without the hardening of ours.
    private (string Original, TlsCertificate Certificate) Find(string name)
    {
        lock (_gate)
        {
            return _known.TryGetValue(name, out (string, TlsCertificate) found) ? found : throw new InvalidOperationException($"The HttpClient '{name}' is made by OAuthClientCredentials only.");
        }
    }

    private static void Replace<T>(IList<T> list, IList<T> by)
    {
        list.Clear();
        foreach (T item in by)
        {
            list.Add(item);
        }
    }
}
