using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OAuthClientCredentials.Api;
using OAuthClientCredentials.Clients;
using OAuthClientCredentials.Diagnostics;
using OAuthClientCredentials.HttpClients;

namespace OAuthClientCredentials.DependencyInjection;

/// <summary>Adds the token handler to one HttpClient, or to all if the builder configures the defaults of all HttpClients.</summary>
internal static class HandlerServices
{
    public static void Add(IHttpClientBuilder builder, string clientName, Action<AccessTokenHandlerOptions>? configure)
    {
        // A repeated registration only adds its options.
        HandlerRegistration registration = new(builder.Name, clientName);
        bool isRepeated = builder.Services.Any(service => registration.Equals(service.ImplementationInstance));
        if (configure is not null)
        {
            builder.Services.Configure(OptionsName(registration), configure);
        }

        if (isRepeated)
        {
            return;
        }

        builder.Services.AddSingleton(registration);
        string optionsName = OptionsName(registration);
        builder.Services.AddSingleton<IValidateOptions<AccessTokenHandlerOptions>>(new AccessTokenHandlerOptionsValidator(optionsName));
        builder.Services.AddOptions<AccessTokenHandlerOptions>(optionsName).ValidateOnStart();
        BaseAddressesByHttpClient baseAddresses = new();

        // PostConfigure runs after all other configuration, so the handler is the innermost in any order of registration.
        PostConfigureOptions<HttpClientFactoryOptions> addHandler = new(
            builder.Name,
            options => options.HttpMessageHandlerBuilderActions.Add(handlers => AddHandler(handlers, registration, baseAddresses)));
        builder.Services.AddSingleton<IPostConfigureOptions<HttpClientFactoryOptions>>(addHandler);
        builder.Services.AddSingleton<IPostConfigureOptions<HttpClientFactoryOptions>>(new BaseAddressTracker(builder.Name, baseAddresses));
    }

    private static string OptionsName(HandlerRegistration registration) => $"{registration.HttpClientName}\n{registration.ClientName}";

    private static void AddHandler(
        HttpMessageHandlerBuilder handlers,
        HandlerRegistration registration,
        BaseAddressesByHttpClient baseAddresses)
    {
        if (handlers.Name == TokenClient.HttpClientName || CertificateHttpClients.IsCertificateClient(handlers.Name))
        {
            // The handler would wait for itself in the token HttpClient, and attach a token twice in a certificate HttpClient.
            // Only ConfigureHttpClientDefaults leads to this branch.
            return;
        }

        IServiceProvider services = handlers.Services;
        if (registration.HttpClientName is null && HasOwnHandler(services, handlers.Name))
        {
            return;
        }

        if (handlers.AdditionalHandlers.OfType<AccessTokenHandler>().FirstOrDefault() is { } other)
        {
            // An HttpClient sends the tokens of one client.
            throw new InvalidOperationException(
                $"The HttpClient '{handlers.Name}' has AddClientCredentialsHandler twice, for the clients '{other.ClientName}' and "
                + $"'{registration.ClientName}'. Keep one.");
        }

        handlers.AdditionalHandlers.Add(CreateHandler(services, handlers.Name ?? "", registration, baseAddresses));
    }

    // The handler outlives every request and its scope, so it may use singletons only.
    private static AccessTokenHandler CreateHandler(
        IServiceProvider services,
        string httpClientName,
        HandlerRegistration registration,
        BaseAddressesByHttpClient baseAddresses)
    {
        IOptionsMonitor<AccessTokenHandlerOptions> monitor = services.GetRequiredService<IOptionsMonitor<AccessTokenHandlerOptions>>();
        AccessTokenHandlerOptions options = monitor.Get(OptionsName(registration));
        string clientName = services.GetRequiredService<ClientSettingsProvider>().Resolve(registration.ClientName);
        TokenProvider provider = services.GetRequiredService<TokenProvider>();
        CertificateHttpClients certificates = services.GetRequiredService<CertificateHttpClients>();
        OriginPolicy origins = new(
            clientName,
            options.AllowedOrigins.Select(origin => Origin.TryParse(origin)!),
            baseAddresses.Of(httpClientName),
            name => provider.GetSettings(name).PlainHttp);
        Telemetry telemetry = services.GetRequiredService<Telemetry>();
        string metricName = services.GetRequiredService<ClientSettingsProvider>().MetricNameOf(clientName);
        HandlerEvents events = new(
            httpClientName,
            clientName,
            outcome => telemetry.UnauthorizedResponse(metricName, registration.HttpClientName ?? Telemetry.Other, outcome),
            services.GetRequiredService<ILogger<AccessTokenHandler>>(),
            services.GetService<TimeProvider>() ?? TimeProvider.System);
        return new(
            services.GetRequiredService<ITokenProvider>(),
            clientName,
            options,
            origins,
            certificate => new(certificates.CreateHandler(httpClientName, certificate)),
            events);
    }

    // A handler on one HttpClient replaces that in the defaults of all HttpClients.
    private static bool HasOwnHandler(IServiceProvider services, string? httpClientName) =>
        services.GetServices<HandlerRegistration>().Any(other => other.HttpClientName == (httpClientName ?? ""));
}
