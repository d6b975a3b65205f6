using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OAuthClientCredentials.Diagnostics;
using OAuthClientCredentials.Transport;

namespace OAuthClientCredentials.HttpClients;

/// <summary>
/// Creates HttpClients that show a client certificate, one for each certificate, or that need TLS 1.2 or later. Each is configured like an
/// original HttpClient.
/// </summary>
/// <remarks>
/// After a rotation, new connections belong to the HttpClient of the new certificate, and the connections of the old one end with its
/// handler.
/// </remarks>
internal sealed class CertificateHttpClients(IServiceProvider services) : IPostConfigureOptions<HttpClientFactoryOptions>
{
    private const string NameSeparator = " with certificate ";

    // What this thread is creating. The factory creates options and handler during the call, and passes only the name to them.
    [ThreadStatic]
    private static (string Original, TlsSettings Tls)? _creating;

    public static bool IsCertificateClient(string? httpClientName) =>
        httpClientName?.Contains(NameSeparator, StringComparison.Ordinal) == true;

    /// <summary>Whether an HttpClient sends token requests, with or without a certificate.</summary>
    public static bool IsTokenClient(string? httpClientName) =>
        httpClientName == TokenClient.HttpClientName
        || httpClientName?.StartsWith(TokenClient.HttpClientName + NameSeparator, StringComparison.Ordinal) == true;

    public HttpClient CreateClient(string original, TlsSettings tls) =>
        Create(original, tls, services.GetRequiredService<IHttpClientFactory>().CreateClient);

    public HttpMessageHandler CreateHandler(string original, TlsSettings tls) =>
        Create(original, tls, services.GetRequiredService<IHttpMessageHandlerFactory>().CreateHandler);

    public void PostConfigure(string? name, HttpClientFactoryOptions options)
    {
        if (!IsCertificateClient(name))
        {
            return;
        }

        // Any other caller would get an HttpClient without our secure defaults and without a certificate.
        (string original, TlsSettings tls) = _creating
            ?? throw new InvalidOperationException(
                $"The HttpClient '{name}' can be created only by OAuthClientCredentials. Create an HttpClient with another name.");
        HttpClientFactoryOptions model = services.GetRequiredService<IOptionsMonitor<HttpClientFactoryOptions>>().Get(original);
        options.HandlerLifetime = model.HandlerLifetime;
        options.ShouldRedactHeaderValue = model.ShouldRedactHeaderValue;
        Replace(options.HttpClientActions, model.HttpClientActions);
        Replace(options.HttpMessageHandlerBuilderActions, model.HttpMessageHandlerBuilderActions);
        options.HttpMessageHandlerBuilderActions.Add(handlers =>
        {
            if (tls.TryApplyToCopyOf(handlers.PrimaryHandler) is { } copy)
            {
                handlers.PrimaryHandler = copy;
            }
            else if (tls is TlsCertificate)
            {
                ILogger logger = services.GetRequiredService<ILoggerFactory>().CreateLogger<TokenClient>();
                logger.CertificateNotShown(original, handlers.PrimaryHandler.GetType().Name);
            }

            if (original != TokenClient.HttpClientName)
            {
                // An API request has already passed the other handlers of the original HttpClient.
                handlers.AdditionalHandlers.Clear();
            }
        });
    }

    // The factory keeps the handler for its lifetime. The options are removed, because they would accumulate with each rotation.
    private T Create<T>(string original, TlsSettings tls, Func<string, T> create)
    {
        string name = original + NameSeparator + tls.Id;
        (string, TlsSettings)? outer = _creating;
        _creating = (original, tls);
        try
        {
            return create(name);
        }
        finally
        {
            _creating = outer;
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
