using Microsoft.Extensions.Options;
using OAuthClientCredentials.Jwt.Assertions;

namespace OAuthClientCredentials.Jwt.DependencyInjection;

/// <summary>
/// Offers JWT authentication to every client. A client uses it if its options select the method. It runs after all other configuration of
/// the options.
/// </summary>
internal sealed class ConfigureJwtAuthentication(SharedKeyDetector sharedKeys) : IPostConfigureOptions<ClientCredentialsOptions>
{
    public void PostConfigure(string? name, ClientCredentialsOptions options) =>
        options.OfferAuthentication(new JwtAuthentication(options, null, sharedKeys));
}
