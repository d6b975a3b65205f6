using Microsoft.Extensions.DependencyInjection;

namespace OAuthClientCredentials;

/// <summary>Configures the registered clients further. Returned by <c>AddClientCredentials</c>.</summary>
public interface IClientCredentialsBuilder
{
    /// <summary>The services that the clients are registered in.</summary>
    IServiceCollection Services { get; }
}
