using OAuthClientCredentials;
using OAuthClientCredentials.DependencyInjection;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Attaches access tokens to the requests of an HttpClient.</summary>
public static class ClientCredentialsHttpClientBuilderExtensions
{
    /// <summary>
    /// Attaches the tokens of a registered client. The handler stands innermost, so retries around it take the token that is valid then.
    /// </summary>
    /// <param name="builder">The HttpClient, named or typed.</param>
    /// <param name="clientName">The client's name; without one the default client.</param>
    /// <param name="configure">How tokens are attached.</param>
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

    /// <summary>Defines a client in place, named like the HttpClient, and attaches its tokens.</summary>
    /// <param name="builder">The HttpClient, named or typed.</param>
    /// <param name="configure">Describes the client.</param>
    /// <returns>The same <paramref name="builder"/>.</returns>
    public static IHttpClientBuilder AddClientCredentialsHandler(
        this IHttpClientBuilder builder,
        Action<ClientCredentialsOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        const string Problem = "Defaults for all HttpClients have no name to define a client under. "
            + "Register the client with AddClientCredentials and name it here.";
        string name = builder.Name ?? throw new ArgumentException(Problem, nameof(builder));
        builder.Services.AddClientCredentials(name, configure);
        return builder.AddClientCredentialsHandler(name);
    }
}
