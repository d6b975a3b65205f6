using Microsoft.Extensions.Diagnostics.HealthChecks;
using OAuthClientCredentials;
using OAuthClientCredentials.DependencyInjection;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds a health check for the tokens of clients.</summary>
public static class ClientCredentialsHealthChecksBuilderExtensions
{
    /// <summary>
    /// Adds a health check that reports the state of each client's token and credential. It requests no token, so that checks cause no load
    /// on the authorization server.
    /// </summary>
    /// <remarks>
    /// The worst client decides:
    /// <list type="bullet">
    /// <item><description>Healthy: the token is valid, or expired without use, or was never requested.</description></item>
    /// <item><description>Degraded: the token is valid and its last renewal failed, or the credential expires soon.</description></item>
    /// <item><description>Unhealthy: there is no valid token and the last request failed, or the client's options are not valid, or no
    /// such client is registered.</description></item>
    /// </list>
    /// The description names each client that is not healthy. The data has the details of each client, for instance
    /// <c>orders.expires_at</c>. Neither contains a token, a client id or text of the server.
    /// A client that failed stays unhealthy until its next request succeeds. Set <see cref="ClientCredentialsOptions.KeepWarm"/> if
    /// an unhealthy instance receives no calls.
    /// </remarks>
    /// <param name="builder">The builder of the health checks.</param>
    /// <param name="name">The name of the health check.</param>
    /// <param name="clientNames">The registered names of the clients to check; empty for the default client. Defaults to all clients that
    /// code and configuration define. Clients that are known only at run time cannot be checked.</param>
    /// <param name="failureStatus">The status to report instead of <see cref="HealthStatus.Unhealthy"/>.</param>
    /// <param name="tags">The tags of the health check.</param>
    /// <param name="credentialExpiresWithin">A credential that expires within this time is reported as degraded, if its total validity is
    /// at least twice this time. Defaults to 14 days.</param>
    /// <returns>The same <paramref name="builder"/>.</returns>
    public static IHealthChecksBuilder AddClientCredentials(
        this IHealthChecksBuilder builder,
        string name = "client_credentials",
        IEnumerable<string>? clientNames = null,
        HealthStatus? failureStatus = null,
        IEnumerable<string>? tags = null,
        TimeSpan? credentialExpiresWithin = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        string[]? clients = clientNames?.ToArray();
        TimeSpan within = credentialExpiresWithin ?? TimeSpan.FromDays(14);
        CoreServices.Add(builder.Services);
        return builder.Add(new HealthCheckRegistration(
            name,
            provider => CoreServices.CreateHealthCheck(provider, clients, within),
            failureStatus,
            tags));
    }
}
