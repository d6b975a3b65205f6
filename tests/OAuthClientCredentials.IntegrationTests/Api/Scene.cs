using System.Collections.Concurrent;
using OAuthClientCredentials.IntegrationTests.Canaries;

namespace OAuthClientCredentials.IntegrationTests.Api;

/// <summary>
/// A token endpoint that numbers its tokens, an API, another origin, an application with one client, and everything that reached
/// the servers.
/// </summary>
internal sealed class Scene(Ground ground, string id, Answer api, Answer other) : IAsyncDisposable
{
    private readonly List<ServiceProvider> _applications = [];
    private int _tokens;

    public ConcurrentQueue<Arrival> Arrivals { get; } = new();

    public int TokenRequests => Volatile.Read(ref _tokens);

    public CanaryListeners Listeners { get; set; } = Canary.Listeners;

    public IEnumerable<Arrival> AtApi => Arrivals.Where(arrival => arrival.Place is Place.Api or Place.ApiHttp2);

    public IEnumerable<Arrival> AtOther => Arrivals.Where(arrival => arrival.Place == Place.Other);

    /// <summary>How the token endpoint answers; by default with the next token.</summary>
    public RequestDelegate? Token { get; set; }

    public Uri At(Place place, string host = "127.0.0.1") => new($"http://{host}:{ground.Port(place)}/{id}/");

    public async Task AnswerAsync(HttpContext context, Place place)
    {
        if (place == Place.Tokens)
        {
            int number = Interlocked.Increment(ref _tokens);
            string json = $$"""{"access_token":"{{Canary.Marker}}-{{number}}","expires_in":3600}""";
            await (Token?.Invoke(context) ?? context.Response.WriteAsync(json));
            return;
        }

        string header = context.Request.Headers.Authorization.ToString();
        int token = header.Length == 0 ? 0 : int.Parse(header.Split('-')[^1], System.Globalization.CultureInfo.InvariantCulture);
        Answer answer = place == Place.Other ? other : api;
        byte[]? body = null;
        if (answer.Reads(token))
        {
            using MemoryStream copy = new();
            await context.Request.Body.CopyToAsync(copy, context.RequestAborted);
            body = copy.ToArray();
        }

        string host = new HostString(context.Request.Headers.Host.ToString()).ToUriComponent().Split(':')[0];
        Arrivals.Enqueue(new(place, context.Request.Method, host, context.Request.Path, token, body));
        await answer.WriteAsync(context, token);
    }

    /// <summary>An application whose HttpClients <paramref name="add"/> adds.</summary>
    public ServiceProvider Build(Action<IServiceCollection> add, Action<ClientCredentialsOptions>? configure = null)
    {
        ServiceCollection services = new();
        services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(Listeners.Logger));
        services.AddClientCredentials(options =>
        {
            options.TokenEndpoint = new Uri(At(Place.Tokens), "token").ToString();
            options.ClientId = "shop";
            options.ClientSecret = Canary.Marker;
            options.MaxRetries = 0;
            configure?.Invoke(options);
        });
        add(services);
        ServiceProvider application = services.BuildServiceProvider(
            new ServiceProviderOptions { ValidateOnBuild = true, ValidateScopes = true });
        _applications.Add(application);
        return application;
    }

    /// <summary>An HttpClient named api, whose address is the API's; without an address the API's origin is listed.</summary>
    public HttpClient Client(
        Action<AccessTokenHandlerOptions>? configure = null,
        Action<IHttpClientBuilder>? outside = null,
        Place place = Place.Api,
        bool hasAddress = true)
    {
        ServiceProvider application = Build(services =>
        {
            IHttpClientBuilder builder = services.AddHttpClient("api", client => client.BaseAddress = hasAddress ? At(place) : null);
            outside?.Invoke(builder);
            builder.AddClientCredentialsHandler(configure: options =>
            {
                options.AllowedOrigins = hasAddress ? [] : [At(place).GetLeftPart(UriPartial.Authority)];
                configure?.Invoke(options);
            });
        });
        return application.GetRequiredService<IHttpClientFactory>().CreateClient("api");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (ServiceProvider application in _applications)
        {
            await application.DisposeAsync();
        }
    }
}
