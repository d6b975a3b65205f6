using Microsoft.Extensions.Http;
using Microsoft.Extensions.Http.Logging;

namespace OAuthClientCredentials.DependencyInjection;

/// <summary>
/// Keeps credentials from the factory's own loggers: what they redact is the text only, and a provider that writes the parts of a log entry shows the headers.
/// So tokens are attached below them, and token requests are not logged by them at all. Registered first, so that it has the last word.
/// </summary>
internal sealed class BelowTheLoggers : IHttpMessageHandlerBuilderFilter
{
    public Action<HttpMessageHandlerBuilder> Configure(Action<HttpMessageHandlerBuilder> next) => handlers =>
    {
        next(handlers);
        IList<DelegatingHandler> all = handlers.AdditionalHandlers;
        if (all.OfType<AccessTokenHandler>().FirstOrDefault() is { } ours)
        {
            all.Remove(ours);
            all.Add(ours);
            if (all.OfType<LoggingHttpMessageHandler>().FirstOrDefault() is { } inner)
            {
                all.Insert(all.IndexOf(inner), new WithoutFormerToken(ours));
            }
        }

        if (handlers.Name == TokenClient.HttpClientName || CertificateHttpClients.IsOne(handlers.Name))
        {
            foreach (DelegatingHandler logger in all.Where(handler => handler is LoggingHttpMessageHandler or LoggingScopeHttpMessageHandler).ToArray())
            {
                all.Remove(logger);
            }
        }
    };

    /// <summary>An outer retry brings a request by again with the token on it, which is attached anew below the logger.</summary>
    private sealed class WithoutFormerToken(AccessTokenHandler handler) : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            handler.TakeOff(request);
            return base.SendAsync(request, cancellationToken);
        }

        protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            handler.TakeOff(request);
            return base.Send(request, cancellationToken);
        }
    }
}
