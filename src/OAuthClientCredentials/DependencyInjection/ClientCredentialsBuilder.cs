using Microsoft.Extensions.DependencyInjection;

namespace OAuthClientCredentials.DependencyInjection;

internal sealed class ClientCredentialsBuilder(IServiceCollection services) : IClientCredentialsBuilder
{
    public IServiceCollection Services => services;
}
