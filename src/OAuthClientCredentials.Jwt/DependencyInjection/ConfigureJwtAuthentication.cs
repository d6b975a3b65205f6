using Microsoft.Extensions.Options;
using OAuthClientCredentials.Jwt.Assertions;

namespace OAuthClientCredentials.Jwt.DependencyInjection;

/// <summary>Gives the JWT authentication to the clients whose options mean it, after everything else has configured them.</summary>
internal sealed class ConfigureJwtAuthentication(SharedKeyDetector sharedKeys) : IPostConfigureOptions<ClientCredentialsOptions>
{
    public void PostConfigure(string? name, ClientCredentialsOptions options) =>
        options.OfferAuthentication(new JwtAuthentication(options, null, sharedKeys));
}
