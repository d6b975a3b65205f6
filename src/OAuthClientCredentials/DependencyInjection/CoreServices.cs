using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OAuthClientCredentials.Caching;
using OAuthClientCredentials.Clients;
using OAuthClientCredentials.HttpClients;
using OAuthClientCredentials.TokenEndpoint;
using OAuthClientCredentials.Transport;

namespace OAuthClientCredentials.DependencyInjection;

/// <summary>The services behind every registration. Adding them again changes nothing .</summary>
internal static class CoreServices
{
    public static void Add(IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        if (services.Any(service => service.ServiceType == typeof(TokenProvider)))
        {
            return;
        }

        services.Insert(0, ServiceDescriptor.Singleton<IHttpMessageHandlerBuilderFilter, HandlerOrderFilter>(static _ => new()));
        services.AddOptions();
        services.AddLogging();
        services.AddSingleton(provider => new ConfiguredClients(provider.GetServices<ClientRegistration>(), RootSection(provider)));
        services.AddSingleton<IConfigureOptions<ClientCredentialsOptions>, BindFromConfiguration>();
        services.AddSingleton<IValidateOptions<ClientCredentialsOptions>, ClientCredentialsOptionsValidator>();
        services.AddSingleton<IValidateOptions<StartupCheck>, StartupCheckValidator>();
        services.AddOptions<StartupCheck>().ValidateOnStart();
        services.AddSingleton(provider => new ClientSettingsProvider(
            provider.GetRequiredService<IOptionsMonitor<ClientCredentialsOptions>>(),
            provider.GetRequiredService<IOptionsMonitorCache<ClientCredentialsOptions>>(),
            provider.GetRequiredService<ConfiguredClients>(),
            TimeOf(provider),
            LoggerOf<TokenProvider>(provider)));
        services.AddSingleton(provider => new TokenClient(
            provider.GetRequiredService<ClientSettingsProvider>(),
            certificate => certificate is null
                ? provider.GetRequiredService<IHttpClientFactory>().CreateClient(TokenClient.HttpClientName)
                : provider.GetRequiredService<CertificateHttpClients>().CreateClient(TokenClient.HttpClientName, certificate),
            TimeOf(provider),
            LoggerOf<TokenClient>(provider)));
        services.AddSingleton(provider => new TokenProvider(
            provider.GetRequiredService<ClientSettingsProvider>(),
            FetchOf(provider),
            TimeOf(provider),
            LoggerOf<TokenProvider>(provider)));
        services.TryAddSingleton<ITokenProvider>(provider => provider.GetRequiredService<TokenProvider>());
        AddTokenHttpClient(services);
    }

    // A shared cache is asked before the token endpoint.
    private static FetchToken FetchOf(IServiceProvider provider)
    {
        FetchToken fetch = provider.GetRequiredService<TokenClient>().RequestAsync;
        return provider.GetService<ISharedTokenCache>() is { } cache ? new SharedTokens(cache, fetch, TimeOf(provider)).FetchAsync : fetch;
    }

    public static void AddRootSection(IServiceCollection services) => services.TryAddSingleton<RootSectionMarker>();

    public static void AddClient(IServiceCollection services, string name, IConfiguration? section)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (OptionTable.Contains(name))
        {
            throw new ArgumentException($"A client cannot be named '{name}': that is the name of an option. Choose another.", nameof(name));
        }

        services.AddSingleton(new ClientRegistration(name, section));
    }

    // an open generic service costs a native application half a millisecond at its start.
    private static ILogger LoggerOf<T>(IServiceProvider provider) => provider.GetRequiredService<ILoggerFactory>().CreateLogger<T>();

    private static TimeProvider TimeOf(IServiceProvider provider) => provider.GetService<TimeProvider>() ?? TimeProvider.System;

    private static IConfigurationSection? RootSection(IServiceProvider provider)
    {
        if (provider.GetService<RootSectionMarker>() is null)
        {
            return null;
        }

        const string Problem = $"AddClientCredentials() reads the section {ConfiguredClients.SectionName}, "
            + "but no IConfiguration is registered. Use a host builder, or register the configuration.";
        IConfiguration configuration = provider.GetService<IConfiguration>()
            ?? throw new InvalidOperationException(Problem);
        return configuration.GetSection(ConfiguredClients.SectionName);
    }

    private static void AddTokenHttpClient(IServiceCollection services)
    {
        services.AddSingleton<CertificateHttpClients>(static provider => new(provider));
        services.AddSingleton<IPostConfigureOptions<HttpClientFactoryOptions>>(
            static provider => provider.GetRequiredService<CertificateHttpClients>());
        services.AddHttpClient(TokenClient.HttpClientName, client => client.Timeout = Timeout.InfiniteTimeSpan);
        OptionsBuilder<HttpClientFactoryOptions> factoryOptions = services.AddOptions<HttpClientFactoryOptions>(TokenClient.HttpClientName);
        factoryOptions.PostConfigure<ILoggerFactory>(static (options, loggers) =>
        {
            // on .NET 8 the factory logs header values unless it is told not to.
            options.ShouldRedactHeaderValue = static _ => true;
            options.HttpMessageHandlerBuilderActions.Add(handlers =>
            {
                TokenTransport.Harden(handlers.PrimaryHandler, TokenClient.HttpClientName, loggers.CreateLogger<TokenClient>());
                handlers.PrimaryHandler = new TransportFailure.Handler(handlers.PrimaryHandler);
                RemoveResilience(handlers.AdditionalHandlers);
            });
        });
    }

    // an application's defaults for all its HttpClients would retry our POST.
    private static void RemoveResilience(IList<DelegatingHandler> handlers)
    {
        for (int index = handlers.Count - 1; index >= 0; index--)
        {
            if (handlers[index].GetType().FullName == "Microsoft.Extensions.Http.Resilience.ResilienceHandler")
            {
                handlers.RemoveAt(index);
            }
        }
    }
}

/// <summary>Its presence says that the parameterless AddClientCredentials was called.</summary>
internal sealed class RootSectionMarker;
