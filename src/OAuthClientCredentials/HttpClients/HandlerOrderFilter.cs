using Microsoft.Extensions.Http;
using Microsoft.Extensions.Http.Logging;
using OAuthClientCredentials.Api;

namespace OAuthClientCredentials.HttpClients;

/// <summary>Orders the handlers of an HttpClient after all of them were added. It is registered first, so that it runs last.</summary>
/// <remarks>
/// The loggers of IHttpClientFactory must not see credentials: they redact only the formatted text, and a log provider that writes the
/// structured values shows the headers. Tokens are therefore attached below these loggers, and token requests have none of them.
/// </remarks>
internal sealed class HandlerOrderFilter : IHttpMessageHandlerBuilderFilter
{
    private const string ServiceDiscovery = "Microsoft.Extensions.ServiceDiscovery.Http.ResolvingHttpDelegatingHandler";

    public Action<HttpMessageHandlerBuilder> Configure(Action<HttpMessageHandlerBuilder> next) => handlers =>
    {
        next(handlers);
        IList<DelegatingHandler> all = handlers.AdditionalHandlers;
        if (all.OfType<AccessTokenHandler>().FirstOrDefault() is { } ours)
        {
            all.Remove(ours);
            all.Add(ours);
            AddResolutionHandlers(all);
        }

        if (handlers.Name == TokenClient.HttpClientName || CertificateHttpClients.IsCertificateClient(handlers.Name))
        {
            foreach (DelegatingHandler logger in all.Where(IsLogger).ToArray())
            {
                all.Remove(logger);
            }
        }
    };

    private static bool IsLogger(DelegatingHandler handler) => handler is LoggingHttpMessageHandler or LoggingScopeHttpMessageHandler;

    // The type is found by name: it is internal to a package that this one does not reference.
    private static void AddResolutionHandlers(IList<DelegatingHandler> handlers)
    {
        for (int index = handlers.Count - 1; index >= 0; index--)
        {
            if (handlers[index].GetType().FullName == ServiceDiscovery)
            {
                handlers.Insert(index + 1, new ServiceDiscoveryResolution.AfterHandler());
                handlers.Insert(index, new ServiceDiscoveryResolution.BeforeHandler());
            }
        }
    }
}
