using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OAuthClientCredentials.Configuration;
using OAuthClientCredentials.Handling;

namespace OAuthClientCredentials.DependencyInjection;

/// <summary>Puts the token handler into the pipeline of one HttpClient, or of all if the builder is that of their defaults.</summary>
internal static class HandlerServices
{
    public static void Add(IHttpClientBuilder builder, string clientName, Action<AccessTokenHandlerOptions>? configure)
    {
        // the second registration of the same adds its options and nothing else.
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
        builder.Services.AddSingleton<IValidateOptions<AccessTokenHandlerOptions>>(new AccessTokenHandlerOptionsValidator(OptionsName(registration)));
        builder.Services.AddOptions<AccessTokenHandlerOptions>(OptionsName(registration)).ValidateOnStart();
        BaseAddressBooks books = new();
        AttachedTokens attached = new();

        // After all that was configured: the handler stands innermost, whatever the order of registration.
        builder.Services.AddSingleton<IPostConfigureOptions<HttpClientFactoryOptions>>(new PostConfigureOptions<HttpClientFactoryOptions>(builder.Name, options =>
        {
            // an outer retry brings a request by again with the token on it, and the application may have replaced the redaction by its own.
            Func<string, bool> isRedacted = options.ShouldRedactHeaderValue;
            options.ShouldRedactHeaderValue = header => header.Equals("Authorization", StringComparison.OrdinalIgnoreCase) || header.Equals("DPoP", StringComparison.OrdinalIgnoreCase) || isRedacted(header);
            options.HttpMessageHandlerBuilderActions.Add(handlers => AddHandler(handlers, registration, books, attached));
        }));
        builder.Services.AddSingleton<IPostConfigureOptions<HttpClientFactoryOptions>>(new BaseAddressRecorder(builder.Name, books));
    }

    private static string OptionsName(HandlerRegistration registration) => $"{registration.HttpClientName}\n{registration.ClientName}";

    private static void AddHandler(HttpMessageHandlerBuilder handlers, HandlerRegistration registration, BaseAddressBooks books, AttachedTokens attached)
    {
        if (handlers.Name == TokenClient.HttpClientName || CertificateHttpClients.IsOne(handlers.Name))
        {
            // It would wait for itself, or attach twice. Only the defaults of all HttpClients come by here, and what is made after this one's model.
            return;
        }

        if (handlers.AdditionalHandlers.OfType<AccessTokenHandler>().FirstOrDefault() is { } other)
        {
            //
            throw new InvalidOperationException($"The HttpClient '{handlers.Name}' has AddClientCredentialsHandler twice, for the clients '{other.ClientName}' and '{registration.ClientName}', once perhaps in the defaults of all HttpClients. Keep one.");
        }

        // this provider lives as long as the handler, which outlives every request; singletons only.
        IServiceProvider services = handlers.Services;
        AccessTokenHandlerOptions options = services.GetRequiredService<IOptionsMonitor<AccessTokenHandlerOptions>>().Get(OptionsName(registration));
        string clientName = services.GetRequiredService<ClientRegistry>().Resolve(registration.ClientName);
        TokenProvider clients = services.GetRequiredService<TokenProvider>();
        OriginPolicy origins = new(
            handlers.Name ?? "",
            options.AllowedOrigins.Select(origin => Origin.TryParse(origin)!),
            books.Of(handlers.Name ?? ""),
            () => clients.GetSettings(clientName).Options.AllowInsecureHttp,
            services.GetRequiredService<ILogger<AccessTokenHandler>>());
        handlers.AdditionalHandlers.Add(new AccessTokenHandler(
            services.GetRequiredService<ITokenProvider>(),
            clientName,
            options,
            origins,
            attached,
            certificate => services.GetRequiredService<CertificateHttpClients>().CreateInvoker(handlers.Name ?? "", certificate)));
    }
}

internal sealed class AccessTokenHandlerOptionsValidator(string optionsName) : IValidateOptions<AccessTokenHandlerOptions>
{
    public ValidateOptionsResult Validate(string? name, AccessTokenHandlerOptions options) =>
        name != optionsName ? ValidateOptionsResult.Skip
        : options.AllowedOrigins.All(origin => Origin.TryParse(origin) is not null) ? ValidateOptionsResult.Success
        : ValidateOptionsResult.Fail($"AddClientCredentialsHandler on HttpClient '{name!.Split('\n')[0]}': AllowedOrigins must hold origins such as https://api.example.com or https://*.example.com, without a path.");
}
