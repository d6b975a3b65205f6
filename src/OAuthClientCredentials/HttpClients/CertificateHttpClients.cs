using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OAuthClientCredentials.Diagnostics;
using OAuthClientCredentials.Transport;

namespace OAuthClientCredentials.HttpClients;

/// <summary>
/// HttpClients that show a certificate, one for each certificate: the factory makes it as it makes the one that it is named after. After a
/// rotation new connections are another client's; those of the old one drain with it.
/// </summary>
internal sealed class CertificateHttpClients(IServiceProvider services) : IPostConfigureOptions<HttpClientFactoryOptions>
{
    private const string Mark = " with certificate ";

    // What this thread asks for. The factory makes options and handler while it is called, and passes on nothing but the name.
    [ThreadStatic]
    private static (string Original, TlsCertificate Certificate)? _wanted;

    public static bool IsOne(string? httpClientName) => httpClientName?.Contains(Mark, StringComparison.Ordinal) == true;

    public HttpClient CreateClient(string original, TlsCertificate certificate) =>
        Create(original, certificate, services.GetRequiredService<IHttpClientFactory>().CreateClient);

    public HttpMessageHandler CreateHandler(string original, TlsCertificate certificate) =>
        Create(original, certificate, services.GetRequiredService<IHttpMessageHandlerFactory>().CreateHandler);

    public void PostConfigure(string? name, HttpClientFactoryOptions options)
    {
        if (!IsOne(name))
        {
            return;
        }

        // Without a certificate the client would get a transport without the hardening of ours.
        (string original, TlsCertificate certificate) = _wanted
            ?? throw new InvalidOperationException($"The HttpClient '{name}' is made by OAuthClientCredentials only.");
        HttpClientFactoryOptions model = services.GetRequiredService<IOptionsMonitor<HttpClientFactoryOptions>>().Get(original);
        options.HandlerLifetime = model.HandlerLifetime;
        options.ShouldRedactHeaderValue = model.ShouldRedactHeaderValue;
        Replace(options.HttpClientActions, model.HttpClientActions);
        Replace(options.HttpMessageHandlerBuilderActions, model.HttpMessageHandlerBuilderActions);
        options.HttpMessageHandlerBuilderActions.Add(handlers =>
        {
            if (!certificate.TryApplyTo(handlers.PrimaryHandler))
            {
                ILogger logger = services.GetRequiredService<ILoggerFactory>().CreateLogger<TokenClient>();
                logger.CertificateNotShown(original, handlers.PrimaryHandler.GetType().Name);
            }

            if (original != TokenClient.HttpClientName)
            {
                // Only the connections differ: an API request has been through the other handlers when it comes here.
                handlers.AdditionalHandlers.Clear();
            }
        });
    }

    // The factory keeps the handler for its lifetime. The options are made anew each time: kept, they would add up with each rotation.
    private T Create<T>(string original, TlsCertificate certificate, Func<string, T> create)
    {
        string name = original + Mark + certificate.Thumbprint;
        (string, TlsCertificate)? outer = _wanted;
        _wanted = (original, certificate);
        try
        {
            return create(name);
        }
        finally
        {
            _wanted = outer;
            services.GetRequiredService<IOptionsMonitorCache<HttpClientFactoryOptions>>().TryRemove(name);
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
