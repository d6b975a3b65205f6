using Microsoft.Extensions.Options;
using OAuthClientCredentials.Jwt.Assertions;
using OAuthClientCredentials.Jwt.DPoP;

namespace OAuthClientCredentials.Jwt.DependencyInjection;

/// <summary>
/// Offers JWT authentication and DPoP to every client. A client uses them if its options select them. It runs after all other
/// configuration of the options.
/// </summary>
internal sealed class ConfigureJwtAuthentication(SharedKeyDetector sharedKeys) : IPostConfigureOptions<ClientCredentialsOptions>
{
    public void PostConfigure(string? name, ClientCredentialsOptions options)
    {
        options.OfferAuthentication(new JwtAuthentication(options, null, sharedKeys));
        options.OfferTokenBinding(new DPoPBinding(options));
    }
}
