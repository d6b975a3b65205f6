using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http;
using Microsoft.Extensions.Options;

namespace OAuthClientCredentials.Testing.Registration;

/// <summary>The names of the HttpClients of an application.</summary>
internal static class HttpClientNames
{
    /// <exception cref="ArgumentException">No such HttpClient is registered.</exception>
    public static void Require(IServiceCollection services, string name)
    {
        string[] known = [.. services.Select(NameOf).OfType<string>().Distinct().Order(StringComparer.Ordinal)];
        bool isKnown = known.Contains(name, StringComparer.Ordinal) || services.Any(service => IsTypedClient(service, name));
        if (isKnown || services.Any(IsForAll))
        {
            return;
        }

        string list = string.Join(", ", known.Select(each => $"'{each}'").DefaultIfEmpty("none"));
        throw new ArgumentException(
            $"The application has no HttpClient '{name}', so its requests would go to the network. Known HttpClients: {list}. "
            + "Call UseTestApi after the application has registered and configured its HttpClients.",
            nameof(name));
    }

    // Every configuration of an HttpClient, and our handler on it, is an options service with its name.
    private static string? NameOf(ServiceDescriptor service)
    {
        if (service.IsKeyedService)
        {
            return null;
        }

        string? name = OptionsOf(service) switch
        {
            ConfigureNamedOptions<HttpClientFactoryOptions> configure => configure.Name,
            PostConfigureOptions<HttpClientFactoryOptions> configure => configure.Name,
            _ => null,
        };
        return name == TokenClient.HttpClientName ? null : name;
    }

    // ConfigureHttpClient with an IServiceProvider registers a factory. It uses the services only when the HttpClient is created.
    private static object? OptionsOf(ServiceDescriptor service)
    {
        if (service.ServiceType == typeof(IConfigureOptions<HttpClientFactoryOptions>)
            && service.ImplementationFactory is { } factory
            && factory.Method.DeclaringType?.Assembly == typeof(HttpClientFactoryOptions).Assembly)
        {
            return factory(new NoServices());
        }

        return service.ImplementationInstance;
    }

    // The defaults of all HttpClients apply to any name, so no name can be called wrong.
    private static bool IsForAll(ServiceDescriptor service) => !service.IsKeyedService && OptionsOf(service) is
        ConfigureNamedOptions<HttpClientFactoryOptions> { Name: null } or PostConfigureOptions<HttpClientFactoryOptions> { Name: null };

    // A typed client without configuration of its own is only a service. The HttpClient has the name of the type.
    private static bool IsTypedClient(ServiceDescriptor service, string name) =>
        service is { IsKeyedService: false, ImplementationFactory: not null, Lifetime: ServiceLifetime.Transient }
        && service.ServiceType.Name == name;

    private sealed class NoServices : IServiceProvider
    {
        public object? GetService(Type serviceType) => null;
    }
}
