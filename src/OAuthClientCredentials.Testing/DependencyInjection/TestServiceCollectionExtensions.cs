using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using OAuthClientCredentials;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Testing.Registration;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>
/// Replaces the servers of an application with test servers. Call these methods after the registrations of the application, for example in
/// <c>ConfigureTestServices</c> of a WebApplicationFactory.
/// </summary>
public static class TestServiceCollectionExtensions
{
    /// <summary>
    /// Sends all token requests of the application to a test server. If the server has its own clock, the application uses it too. Options
    /// and their validation stay as they are.
    /// </summary>
    /// <remarks>
    /// With a <see cref="TestTimeProvider"/>, in the server or in the application, <see cref="ClientCredentialsOptions.MaxRetries"/>
    /// defaults to 0: this clock stands still during a call, so that a wait between two attempts would never end. To test retries,
    /// set the option and advance the clock while the call is under way (<see cref="TestTimeProvider.AdvanceUntilCompletedAsync"/>).
    /// </remarks>
    /// <param name="services">The services of the application.</param>
    /// <param name="server">The test server.</param>
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
                server.AddIssuer(options.Authority);
            }
        });

        // The first configuration, so that an application's own value wins.
        services.Insert(0, ServiceDescriptor.Singleton<IConfigureOptions<ClientCredentialsOptions>>(DoNotRetryByATestClock));
        if (server.TimeProvider != TimeProvider.System)
        {
            services.Replace(ServiceDescriptor.Singleton(server.TimeProvider));
        }

        return services;
    }

    private static ConfigureNamedOptions<ClientCredentialsOptions> DoNotRetryByATestClock(IServiceProvider services) => new(null, options =>
    {
        if (services.GetService<TimeProvider>() is TestTimeProvider)
        {
            options.MaxRetries = 0;
        }
    });

    /// <summary>Sends the requests of one HttpClient of the application to a test API.</summary>
    /// <param name="services">The services of the application.</param>
    /// <param name="httpClientName">The name of the HttpClient. For a typed client it is the name of the type.</param>
    /// <param name="api">The test API.</param>
    /// <returns>The same <paramref name="services"/>.</returns>
    /// <exception cref="ArgumentException">No such HttpClient is registered. The message lists the registered ones.</exception>
    public static IServiceCollection UseTestApi(this IServiceCollection services, string httpClientName, TestApi api)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(httpClientName);
        ArgumentNullException.ThrowIfNull(api);
        HttpClientNames.Require(services, httpClientName);
        services.AddHttpClient(httpClientName).ConfigurePrimaryHttpMessageHandler(() => api);
        return services;
    }

    /// <summary>
    /// Uses the same token for all token requests, for tests that do not depend on tokens. The application needs no credential, no server
    /// and no network. The options of its clients have no effect.
    /// </summary>
    /// <param name="services">The services of the application.</param>
    /// <param name="token">The token.</param>
    /// <returns>The same <paramref name="services"/>.</returns>
    public static IServiceCollection UseFakeAccessToken(this IServiceCollection services, string token = "fake-token")
    {
        ArgumentNullException.ThrowIfNull(services);
        TestAuthorizationServer server = new();
        server.Always(TestResponse.Token(value: token));
        services.AddHttpClient(TokenClient.HttpClientName).ConfigurePrimaryHttpMessageHandler(server.CreateHandler);
        services.RemoveAll<ISharedTokenCache>();
        return services.Replace(ServiceDescriptor.Singleton<IOptionsFactory<ClientCredentialsOptions>>(new FakeOptionsFactory()));
    }
}
