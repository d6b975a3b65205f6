using Microsoft.Extensions.Configuration;
using OAuthClientCredentials;
using OAuthClientCredentials.DependencyInjection;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers clients that request access tokens with the OAuth 2.0 client-credentials grant.</summary>
public static class ClientCredentialsServiceCollectionExtensions
{
    /// <summary>
    /// Registers the clients of the configuration section <c>ClientCredentials</c>. Each child section is a named client. Options directly
    /// under the section configure the default client. Later changes of the configuration are applied.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <returns>A builder to configure the clients further.</returns>
    public static IClientCredentialsBuilder AddClientCredentials(this IServiceCollection services)
    {
        CoreServices.Add(services);
        CoreServices.AddRootSection(services);
        return new ClientCredentialsBuilder(services);
    }

    /// <summary>Registers the default client.</summary>
    /// <param name="services">The services.</param>
    /// <param name="configure">Configures the client.</param>
    /// <returns>A builder to configure the clients further.</returns>
    public static IClientCredentialsBuilder AddClientCredentials(
        this IServiceCollection services,
        Action<ClientCredentialsOptions> configure) =>
        services.AddClientCredentials(Options.Options.DefaultName, configure);

    /// <summary>Registers a named client. Registering a name again adds to its options.</summary>
    /// <param name="services">The services.</param>
    /// <param name="name">The client's name; empty means the default client.</param>
    /// <param name="configure">Configures the client.</param>
    /// <returns>A builder to configure the clients further.</returns>
    /// <exception cref="ArgumentException"><paramref name="name"/> is the name of an option.</exception>
    public static IClientCredentialsBuilder AddClientCredentials(
        this IServiceCollection services,
        string name,
        Action<ClientCredentialsOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        CoreServices.Add(services);
        CoreServices.AddClient(services, name, null);
        services.Configure(name, configure);
        return new ClientCredentialsBuilder(services);
    }

    /// <summary>Registers a named client from a configuration section. Later changes of the configuration are applied.</summary>
    /// <param name="services">The services.</param>
    /// <param name="name">The client's name; empty means the default client.</param>
    /// <param name="section">The section that contains the client's options.</param>
    /// <returns>A builder to configure the clients further.</returns>
    /// <exception cref="ArgumentException"><paramref name="name"/> is the name of an option.</exception>
    public static IClientCredentialsBuilder AddClientCredentials(this IServiceCollection services, string name, IConfiguration section)
    {
        ArgumentNullException.ThrowIfNull(section);
        CoreServices.Add(services);
        CoreServices.AddClient(services, name, section);
        return new ClientCredentialsBuilder(services);
    }

    /// <summary>
    /// Configures the HttpClient that sends requests to all authorization servers, for instance its proxy, trusted certificates or headers.
    /// Its name is <see cref="TokenClient.HttpClientName"/>.
    /// </summary>
    /// <param name="builder">The builder.</param>
    /// <param name="configure">Configures the HttpClient.</param>
    /// <returns>The same <paramref name="builder"/>.</returns>
    public static IClientCredentialsBuilder ConfigureHttpClient(
        this IClientCredentialsBuilder builder,
        Action<IHttpClientBuilder> configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(configure);
        configure(builder.Services.AddHttpClient(TokenClient.HttpClientName));
        return builder;
    }
}
