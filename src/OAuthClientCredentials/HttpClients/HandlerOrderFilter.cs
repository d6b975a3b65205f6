using Microsoft.Extensions.Http;
using Microsoft.Extensions.Http.Logging;
using OAuthClientCredentials.Api;

namespace OAuthClientCredentials.HttpClients;

/// <summary>
/// Puts the handlers of an HttpClient into order when all of them are known. Registered first, so that it has the last word. The factory's
/// own loggers never see credentials: they redact the text only, and a log provider that writes the parts of an entry shows the headers
/// . So tokens are attached below them, and token requests are not logged by them at all.
/// </summary>
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
            NoteWhatIsResolved(all);
        }

        if (handlers.Name == TokenClient.HttpClientName || CertificateHttpClients.IsOne(handlers.Name))
        {
            foreach (DelegatingHandler logger in all.Where(IsLogger).ToArray())
            {
                all.Remove(logger);
            }
        }
    };

    private static bool IsLogger(DelegatingHandler handler) => handler is LoggingHttpMessageHandler or LoggingScopeHttpMessageHandler;

    // The handler is internal to its package, which this one does not reference.
    private static void NoteWhatIsResolved(IList<DelegatingHandler> handlers)
    {
        for (int index = handlers.Count - 1; index >= 0; index--)
        {
            if (handlers[index].GetType().FullName == ServiceDiscovery)
            {
                handlers.Insert(index + 1, new Resolution.After());
                handlers.Insert(index, new Resolution.Before());
            }
        }
    }
}
