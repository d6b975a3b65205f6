using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OAuthClientCredentials;
using OAuthClientCredentials.Jwt.Assertions;
using OAuthClientCredentials.Jwt.DependencyInjection;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers the authentication of clients by signed assertions.</summary>
public static class JwtClientCredentialsBuilderExtensions
{
    /// <summary>
    /// Lets every client prove itself by <c>private_key_jwt</c> or <c>client_secret_jwt</c> whose options say so: by their method, or by a key without a method.
    /// </summary>
    /// <param name="builder">The builder.</param>
    /// <returns>The same <paramref name="builder"/>.</returns>
    public static IClientCredentialsBuilder AddJwtAuthentication(this IClientCredentialsBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IPostConfigureOptions<ClientCredentialsOptions>, ConfigureJwtAuthentication>(
            static provider => new(new SharedKeyDetector(provider.GetRequiredService<ILoggerFactory>()))));
        return builder;
    }
}
