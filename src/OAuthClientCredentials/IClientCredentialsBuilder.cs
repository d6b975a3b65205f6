using Microsoft.Extensions.DependencyInjection;

namespace OAuthClientCredentials;

/// <summary>What <c>AddClientCredentials</c> returns, for more registrations.</summary>
public interface IClientCredentialsBuilder
{
    /// <summary>The services that the client is registered in.</summary>
    IServiceCollection Services { get; }
}
