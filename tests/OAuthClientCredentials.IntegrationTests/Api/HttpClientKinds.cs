namespace OAuthClientCredentials.IntegrationTests.Api;

/// <summary>The ways in which an application gets the HttpClient for an API.</summary>
internal static class HttpClientKinds
{
    public static readonly string[] All = ["named", "typed", "constructor", "AllowedOrigins"];

    /// <summary>Adds an HttpClient of a kind. All kinds but AllowedOrigins have a base address.</summary>
    public static IHttpClientBuilder Add(IServiceCollection services, string kind, Uri address)
    {
        services.AddSingleton(address);
        return kind switch
        {
            "named" => services.AddHttpClient("api", client => client.BaseAddress = address),
            "typed" => services.AddHttpClient<Typed>(client => client.BaseAddress = address),
            "constructor" => services.AddHttpClient<Constructed>(),
            _ => services.AddHttpClient("api"),
        };
    }

    public static HttpClient Create(IServiceProvider application, string kind) => kind switch
    {
        "typed" => application.GetRequiredService<Typed>().Client,
        "constructor" => application.GetRequiredService<Constructed>().Client,
        _ => application.GetRequiredService<IHttpClientFactory>().CreateClient("api"),
    };

    private sealed class Typed(HttpClient client)
    {
        public HttpClient Client => client;
    }

    /// <summary>Sets the base address after the factory has created the HttpClient.</summary>
    private sealed class Constructed
    {
        public Constructed(HttpClient client, Uri address)
        {
            client.BaseAddress = address;
            Client = client;
        }

        public HttpClient Client { get; }
    }
}
