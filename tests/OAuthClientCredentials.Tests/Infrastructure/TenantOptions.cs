using Microsoft.Extensions.Options;

namespace OAuthClientCredentials.Tests.Infrastructure;

/// <summary>The options of tenants, each with a token endpoint of its own.</summary>
internal sealed class TenantOptions : IConfigureNamedOptions<ClientCredentialsOptions>
{
    public void Configure(ClientCredentialsOptions options) => Configure("", options);

    public void Configure(string? name, ClientCredentialsOptions options)
    {
        if (name?.StartsWith("tenant", StringComparison.Ordinal) == true)
        {
            TestProvider.Configure(options);
            options.TokenEndpoint = $"https://{name}.example.com/token";
        }
    }
}
