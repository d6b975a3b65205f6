using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http;
using Microsoft.Extensions.Logging;
using OAuthClientCredentials.Api;
using OAuthClientCredentials.Transport;

namespace OAuthClientCredentials.HttpClients;

/// <summary>Orders the handlers of an HttpClient after all of them were added. It is registered first, so that it runs last.</summary>
/// <remarks>
/// The loggers of IHttpClientFactory must not see credentials: they redact only the formatted text, and a log provider that writes the
/// structured values shows the headers. Loggers with bodies show the secret and the token. Tokens are therefore attached
/// below these loggers, and token requests have none of them. A retry from outside would send an assertion again.
/// </remarks>
internal sealed class HandlerOrderFilter : IHttpMessageHandlerBuilderFilter
{
    private const string ServiceDiscovery = "Microsoft.Extensions.ServiceDiscovery.Http.ResolvingHttpDelegatingHandler";

    // The types are found by name, because they are internal or belong to packages that this one does not reference.
    private static readonly string[] LoggersAndRetries =
    [
        "Microsoft.Extensions.Http.Logging.HttpClientLoggerHandler",
        "Microsoft.Extensions.Http.Logging.LoggingHttpMessageHandler",
        "Microsoft.Extensions.Http.Logging.LoggingScopeHttpMessageHandler",
        "Microsoft.Extensions.Http.PolicyHttpMessageHandler",
        "Microsoft.Extensions.Http.Resilience.ResilienceHandler",
    ];

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

        if (CertificateHttpClients.IsTokenClient(handlers.Name) || CertificateHttpClients.IsCertificateClient(handlers.Name))
        {
            RemoveLoggersAndRetries(all);
        }

        if (CertificateHttpClients.IsTokenClient(handlers.Name))
        {
            ILogger logger = handlers.Services.GetRequiredService<ILoggerFactory>().CreateLogger<TokenClient>();
            HttpMessageHandler primary = TokenTransport.Harden(handlers.PrimaryHandler, TokenClient.HttpClientName, logger);
            handlers.PrimaryHandler = new InnermostHandler(primary);
        }
    };

    private static void RemoveLoggersAndRetries(IList<DelegatingHandler> handlers)
    {
        for (int index = handlers.Count - 1; index >= 0; index--)
        {
            if (IsLoggerOrRetry(handlers[index].GetType()))
            {
                handlers.RemoveAt(index);
            }
        }
    }

    private static bool IsLoggerOrRetry(Type? type) =>
        type is not null && (LoggersAndRetries.Contains(type.FullName) || IsLoggerOrRetry(type.BaseType));

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
