using System.Diagnostics.Metrics;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OAuthClientCredentials.Caching;
using OAuthClientCredentials.Clients;
using OAuthClientCredentials.Diagnostics;
using OAuthClientCredentials.Hosting;
using OAuthClientCredentials.HttpClients;
using OAuthClientCredentials.TokenEndpoint;

namespace OAuthClientCredentials.DependencyInjection;

/// <summary>Adds the services that every registration needs. Adding them again has no effect .</summary>
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
        services.AddSingleton(provider => new ConfiguredClients(
            provider.GetServices<ClientRegistration>(),
            RootSection(provider),
            provider.GetService<IConfiguration>()));
        services.AddSingleton<IConfigureOptions<ClientCredentialsOptions>, BindFromConfiguration>();
        services.AddSingleton<IPostConfigureOptions<ClientCredentialsOptions>, Fapi2Profile>();
        services.AddSingleton<IValidateOptions<ClientCredentialsOptions>>(provider => new ClientCredentialsOptionsValidator(
            provider.GetRequiredService<ConfiguredClients>(),
            hasSharedCache: provider.GetService<IServiceProviderIsService>()?.IsService(typeof(ISharedTokenCache)) == true));
        services.AddSingleton<IValidateOptions<StartupCheck>, StartupCheckValidator>();
        services.AddOptions<StartupCheck>().ValidateOnStart();
        services.AddSingleton(provider => new Telemetry(provider.GetService<IMeterFactory>()));
        services.AddSingleton(provider => new ClientSettingsProvider(
            provider.GetRequiredService<IOptionsMonitor<ClientCredentialsOptions>>(),
            provider.GetRequiredService<IOptionsMonitorCache<ClientCredentialsOptions>>(),
            provider.GetRequiredService<ConfiguredClients>(),
            TimeOf(provider),
            LoggerOf<TokenProvider>(provider)));
        services.AddSingleton(provider => new TokenClient(
            provider.GetRequiredService<ClientSettingsProvider>(),
            new TokenHttpClients(provider).Create,
            TimeOf(provider),
            LoggerOf<TokenClient>(provider),
            provider.GetRequiredService<Telemetry>()));
        services.AddSingleton(provider => new TokenProvider(
            provider.GetRequiredService<ClientSettingsProvider>(),
            FetchOf(provider),
            provider.GetRequiredService<TokenClient>().RevokeAsync,
            TimeOf(provider),
            LoggerOf<TokenProvider>(provider),
            provider.GetRequiredService<Telemetry>()));
        services.AddSingleton<IHostedService>(provider => new WarmUpService(
            provider.GetRequiredService<TokenProvider>(),
            provider.GetRequiredService<ConfiguredClients>(),
            provider.GetRequiredService<ClientSettingsProvider>(),
            TimeOf(provider)));
        services.TryAddSingleton<ITokenProvider>(provider => provider.GetRequiredService<TokenProvider>());
        AddTokenHttpClient(services);
    }

    public static void AddRootSection(IServiceCollection services) => services.TryAddSingleton<RootSectionMarker>();

    public static void AddClient(IServiceCollection services, string name, IConfiguration? section)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (OptionTable.Contains(name))
        {
            string problem = $"A client cannot be named '{name}', because an option has this name. Choose another name.";
            throw new ArgumentException(problem, nameof(name));
        }

        services.AddSingleton(new ClientRegistration(name, section));
    }

    public static ClientHealthCheck CreateHealthCheck(IServiceProvider provider, string[]? clientNames, TimeSpan credentialExpiresWithin) =>
        new(
            provider.GetRequiredService<TokenProvider>(),
            provider.GetRequiredService<ConfiguredClients>(),
            TimeOf(provider),
            clientNames,
            credentialExpiresWithin);

    // A shared cache, if there is one, is read before a token is requested.
    private static FetchToken FetchOf(IServiceProvider provider)
    {
        FetchToken fetch = provider.GetRequiredService<TokenClient>().RequestAsync;
        if (provider.GetService<ISharedTokenCache>() is { } cache)
        {
            return new SharedTokens(cache, fetch, TimeOf(provider)).FetchAsync;
        }

        return fetch;
    }

    // Not ILogger<T>: an open generic service costs a native application half a millisecond at its start.
    private static ILogger LoggerOf<T>(IServiceProvider provider) => provider.GetRequiredService<ILoggerFactory>().CreateLogger<T>();

    private static TimeProvider TimeOf(IServiceProvider provider) => provider.GetService<TimeProvider>() ?? TimeProvider.System;

    private static IConfigurationSection? RootSection(IServiceProvider provider)
    {
        if (provider.GetService<RootSectionMarker>() is null)
        {
            return null;
        }

        const string Problem = $"AddClientCredentials() reads the configuration section {ConfiguredClients.SectionName}, "
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

        // On .NET 8 the factory logs header values by default.
        services.PostConfigure<HttpClientFactoryOptions>(
            TokenClient.HttpClientName,
            static options => options.ShouldRedactHeaderValue = static _ => true);
    }
}
