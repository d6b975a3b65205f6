using Microsoft.Extensions.DependencyInjection.Extensions;
using OAuthClientCredentials;
using OAuthClientCredentials.Testing;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Puts test doubles behind the registration of a real application. Call them after it: in <c>ConfigureTestServices</c> of a WebApplicationFactory, for instance.</summary>
public static class TestServiceCollectionExtensions
{
    /// <summary>Sends all token requests of the application to a test server, and gives the application its clock if it has one of its own. Options, validation and everything else stay the application's own.</summary>
    /// <param name="services">The application's services.</param>
    /// <param name="server">The server.</param>
    /// <returns>The same <paramref name="services"/>.</returns>
    public static IServiceCollection UseTestAuthorizationServer(this IServiceCollection services, TestAuthorizationServer server)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(server);
        services.AddHttpClient(TokenClient.HttpClientName).ConfigurePrimaryHttpMessageHandler(server.CreateHandler);
        services.PostConfigureAll<ClientCredentialsOptions>(options =>
        {
            if (!string.IsNullOrEmpty(options.Authority))
            {
                server.KnowIssuer(options.Authority);
            }
        });
        return server.TimeProvider == TimeProvider.System ? services : services.Replace(ServiceDescriptor.Singleton(server.TimeProvider));
    }

    /// <summary>Sends the requests of one HttpClient of the application to a test API.</summary>
    /// <param name="services">The application's services.</param>
    /// <param name="httpClientName">The HttpClient's name; of a typed client the name of its type.</param>
    /// <param name="api">The API.</param>
    /// <returns>The same <paramref name="services"/>.</returns>
    public static IServiceCollection UseTestApi(this IServiceCollection services, string httpClientName, TestApi api)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(api);
        services.AddHttpClient(httpClientName).ConfigurePrimaryHttpMessageHandler(() => api);
        return services;
    }

    /// <summary>For tests that do not care: every token request gets the same token, and no secret needs to be configured. No server, no network.</summary>
    /// <param name="services">The application's services.</param>
    /// <param name="token">The token.</param>
    /// <returns>The same <paramref name="services"/>.</returns>
    public static IServiceCollection UseFakeAccessToken(this IServiceCollection services, string token = "fake-token")
    {
        ArgumentNullException.ThrowIfNull(services);
        TestAuthorizationServer server = new();
        server.Always(TestResponse.Token(value: token));
        services.AddHttpClient(TokenClient.HttpClientName).ConfigurePrimaryHttpMessageHandler(server.CreateHandler);
        return services.PostConfigureAll<ClientCredentialsOptions>(options =>
        {
            options.TokenEndpoint = "https://fake.example/token";
            options.ClientId ??= "fake";
            options.ClientSecretFile = null;
            options.ClientSecret = options.AuthenticationMethod == "none" ? null : "fake";
        });
    }
}
