using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OAuthClientCredentials.Api;
using OAuthClientCredentials.Clients;
using OAuthClientCredentials.HttpClients;

namespace OAuthClientCredentials.DependencyInjection;

/// <summary>Puts the token handler into the pipeline of one HttpClient, or of all if the builder is that of their defaults.</summary>
internal static class HandlerServices
{
    public static void Add(IHttpClientBuilder builder, string clientName, Action<AccessTokenHandlerOptions>? configure)
    {
        // A second registration of the same adds its options and nothing else.
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
        BaseAddressesByHttpClient books = new();

        // After all that was configured: the handler stands innermost, whatever the order of registration.
        builder.Services.AddSingleton<IPostConfigureOptions<HttpClientFactoryOptions>>(new PostConfigureOptions<HttpClientFactoryOptions>(
            builder.Name,
            options => options.HttpMessageHandlerBuilderActions.Add(handlers => AddHandler(handlers, registration, books))));
        builder.Services.AddSingleton<IPostConfigureOptions<HttpClientFactoryOptions>>(new BaseAddressTracker(builder.Name, books));
    }

    private static string OptionsName(HandlerRegistration registration) => $"{registration.HttpClientName}\n{registration.ClientName}";

    private static void AddHandler(HttpMessageHandlerBuilder handlers, HandlerRegistration registration, BaseAddressesByHttpClient books)
    {
        if (handlers.Name == TokenClient.HttpClientName || CertificateHttpClients.IsOne(handlers.Name))
        {
            // Never on our own HttpClient, where it would wait for itself, or on its copy for a certificate, where it would attach twice.
            // Only a handler in the defaults of all HttpClients comes by here.
            return;
        }

        if (handlers.AdditionalHandlers.OfType<AccessTokenHandler>().FirstOrDefault() is { } other)
        {
            // One handler for each HttpClient.
            throw new InvalidOperationException(
                $"The HttpClient '{handlers.Name}' has AddClientCredentialsHandler twice, for the clients '{other.ClientName}' and "
                + $"'{registration.ClientName}', once perhaps in the defaults of all HttpClients. Keep one.");
        }

        // This provider lives as long as the handler, which outlives every request: singletons only.
        IServiceProvider services = handlers.Services;
        string httpClientName = handlers.Name ?? "";
        IOptionsMonitor<AccessTokenHandlerOptions> monitor = services.GetRequiredService<IOptionsMonitor<AccessTokenHandlerOptions>>();
        AccessTokenHandlerOptions options = monitor.Get(OptionsName(registration));
        string clientName = services.GetRequiredService<ClientSettingsProvider>().Resolve(registration.ClientName);
        TokenProvider clients = services.GetRequiredService<TokenProvider>();
        CertificateHttpClients certificates = services.GetRequiredService<CertificateHttpClients>();
        OriginPolicy origins = new(
            clientName,
            options.AllowedOrigins.Select(origin => Origin.TryParse(origin)!),
            books.Of(httpClientName),
            name => clients.GetSettings(name).Options.AllowInsecureHttp);
        RejectionLog log = new(
            httpClientName,
            clientName,
            services.GetRequiredService<ILogger<AccessTokenHandler>>(),
            services.GetService<TimeProvider>() ?? TimeProvider.System);
        handlers.AdditionalHandlers.Add(new AccessTokenHandler(
            services.GetRequiredService<ITokenProvider>(),
            clientName,
            options,
            origins,
            certificate => new(certificates.CreateHandler(httpClientName, certificate)),
            log));
    }
}

internal sealed class AccessTokenHandlerOptionsValidator(string optionsName) : IValidateOptions<AccessTokenHandlerOptions>
{
    public ValidateOptionsResult Validate(string? name, AccessTokenHandlerOptions options)
    {
        if (name != optionsName)
        {
            return ValidateOptionsResult.Skip;
        }

        if (options.AllowedOrigins.All(origin => Origin.TryParse(origin) is not null))
        {
            return ValidateOptionsResult.Success;
        }

        return ValidateOptionsResult.Fail(
            $"AddClientCredentialsHandler on HttpClient '{name.Split('\n')[0]}': AllowedOrigins must hold origins such as "
            + "https://api.example.com or https://*.example.com, without a path.");
    }
}
