using OAuthClientCredentials;
using OAuthClientCredentials.DependencyInjection;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds the handler that attaches access tokens to the requests of an HttpClient.</summary>
public static class ClientCredentialsHttpClientBuilderExtensions
{
    /// <summary>
    /// Attaches the tokens of a registered client. The handler is the innermost one, so each attempt of a retry uses the current token.
    /// </summary>
    /// <param name="builder">The builder of a named or typed HttpClient.</param>
    /// <param name="clientName">The registered name of the client. Defaults to the default client.</param>
    /// <param name="configure">Configures how tokens are attached.</param>
    /// <returns>The same <paramref name="builder"/>.</returns>
    public static IHttpClientBuilder AddClientCredentialsHandler(
        this IHttpClientBuilder builder,
        string? clientName = null,
        Action<AccessTokenHandlerOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        CoreServices.Add(builder.Services);
        HandlerServices.Add(builder, clientName ?? Options.Options.DefaultName, configure);
        return builder;
    }

    /// <summary>Registers a client with the name of the HttpClient, and attaches its tokens.</summary>
    /// <param name="builder">The builder of a named or typed HttpClient.</param>
    /// <param name="configure">Configures the client.</param>
    /// <returns>The same <paramref name="builder"/>.</returns>
    /// <exception cref="ArgumentException">The builder configures the defaults of all HttpClients and has no name.</exception>
    public static IHttpClientBuilder AddClientCredentialsHandler(
        this IHttpClientBuilder builder,
        Action<ClientCredentialsOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        const string Problem = "The defaults of all HttpClients have no name for the client. "
            + "Register the client with AddClientCredentials and pass its name here.";
        string name = builder.Name ?? throw new ArgumentException(Problem, nameof(builder));
        builder.Services.AddClientCredentials(name, configure);
        return builder.AddClientCredentialsHandler(name);
    }
}
