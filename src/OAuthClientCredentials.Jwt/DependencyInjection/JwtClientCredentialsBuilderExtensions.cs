using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OAuthClientCredentials;
using OAuthClientCredentials.Jwt.Assertions;
using OAuthClientCredentials.Jwt.DependencyInjection;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers client authentication with signed assertions, and DPoP.</summary>
public static class JwtClientCredentialsBuilderExtensions
{
    /// <summary>
    /// Adds <c>private_key_jwt</c>, <c>client_secret_jwt</c> and DPoP to every client whose options select them.
    /// </summary>
    /// <remarks>
    /// A client selects DPoP with <see cref="ClientCredentialsOptions.DPoPBoundAccessTokens"/>.
    /// A client selects a method with <see cref="ClientCredentialsOptions.AuthenticationMethod"/>. A client that sets a private key and no
    /// method uses <c>private_key_jwt</c>.
    /// </remarks>
    /// <param name="builder">The builder.</param>
    /// <returns>The same <paramref name="builder"/>.</returns>
    public static IClientCredentialsBuilder AddJwtAuthentication(this IClientCredentialsBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.TryAddEnumerable(
            ServiceDescriptor.Singleton<IPostConfigureOptions<ClientCredentialsOptions>, ConfigureJwtAuthentication>(
                static provider => new(new SharedKeyDetector(provider.GetRequiredService<ILoggerFactory>()))));
        return builder;
    }
}
