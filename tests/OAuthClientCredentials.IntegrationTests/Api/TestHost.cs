using Microsoft.AspNetCore.Server.Kestrel.Core;
using OAuthClientCredentials.IntegrationTests.Canaries;

namespace OAuthClientCredentials.IntegrationTests.Api;

/// <summary>A token endpoint that numbers its tokens, an API and another origin over real sockets, and applications to call them.</summary>
internal sealed class TestHost : IAsyncDisposable
{
    private readonly List<ServiceProvider> _applications = [];
    private int _tokens;

    public LoopbackServer TokenEndpoint { get; private set; } = null!;

    public LoopbackServer Api { get; private set; } = null!;

    public LoopbackServer Other { get; private set; } = null!;

    /// <summary>Writes the response of the token endpoint. By default it is the next token.</summary>
    public RequestDelegate? TokenResponse { get; set; }

    public CanaryListeners Listeners { get; set; } = Canary.Listeners;

    /// <summary>The numbers of the tokens that the API received, 0 for a request without a token.</summary>
    public IEnumerable<int> ApiTokens => Api.Requests.Select(request => request.Token);

    public int TokenRequests => TokenEndpoint.Requests.Count;

    /// <summary>Starts the servers.</summary>
    /// <param name="api">How the API responds, and the other origin too unless it has its own response.</param>
    /// <param name="other">How the other origin responds.</param>
    /// <param name="protocols">The API's protocol.</param>
    /// <param name="readsBody">Whether the API reads the body of a request with this token. By default it reads each body.</param>
    public static Task<TestHost> StartAsync(
        ApiResponse api,
        ApiResponse? other = null,
        HttpProtocols protocols = HttpProtocols.Http1,
        Func<int, bool>? readsBody = null) => StartAsync(_ => api, other ?? api, protocols, readsBody);

    /// <summary>Starts an API that redirects each request to the other origin, or to itself.</summary>
    /// <param name="status">The status of the redirect.</param>
    /// <param name="toOther">Whether it redirects to the other origin.</param>
    /// <param name="moved">How the target of the redirect responds.</param>
    public static Task<TestHost> StartRedirectAsync(int status, bool toOther, ApiResponse moved) =>
        StartAsync(host => ApiResponses.Redirect(status, toOther ? $"{host.Other.Address}moved" : "/moved", moved), moved);

    /// <summary>An application whose HttpClients <paramref name="add"/> adds.</summary>
    public ServiceProvider Build(Action<IServiceCollection> add, Action<ClientCredentialsOptions>? configure = null)
    {
        ServiceCollection services = new();
        services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(Listeners.Logger));
        services.AddClientCredentials(options =>
        {
            options.TokenEndpoint = new Uri(TokenEndpoint.Address, "token").ToString();
            options.ClientId = "shop";
            options.ClientSecret = Canary.Marker;
            options.MaxRetries = 0;
            configure?.Invoke(options);
        });
        add(services);
        ServiceProviderOptions validated = new() { ValidateOnBuild = true, ValidateScopes = true };
        ServiceProvider application = services.BuildServiceProvider(validated);
        _applications.Add(application);
        return application;
    }

    /// <summary>An HttpClient with the API's base address. Without a base address the API's origin is in AllowedOrigins.</summary>
    /// <param name="configure">Configures our handler.</param>
    /// <param name="outer">Adds other handlers.</param>
    /// <param name="hasBaseAddress">Whether it has a base address.</param>
    /// <param name="configureClient">Configures the client of the tokens.</param>
    public HttpClient CreateClient(
        Action<AccessTokenHandlerOptions>? configure = null,
        Action<IHttpClientBuilder>? outer = null,
        bool hasBaseAddress = true,
        Action<ClientCredentialsOptions>? configureClient = null)
    {
        ServiceProvider application = Build(
            services =>
            {
                IHttpClientBuilder builder = services.AddHttpClient("api", http => http.BaseAddress = hasBaseAddress ? Api.Address : null);
                outer?.Invoke(builder);
                builder.AddClientCredentialsHandler(configure: options =>
                {
                    if (!hasBaseAddress)
                    {
                        options.AllowedOrigins = [Api.Address.GetLeftPart(UriPartial.Authority)];
                    }

                    configure?.Invoke(options);
                });
            },
            configureClient);
        return application.GetRequiredService<IHttpClientFactory>().CreateClient("api");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (ServiceProvider application in _applications)
        {
            await application.DisposeAsync();
        }

        await Api.DisposeAsync();
        await Other.DisposeAsync();
        await TokenEndpoint.DisposeAsync();
    }

    private static async Task<TestHost> StartAsync(
        Func<TestHost, ApiResponse> api,
        ApiResponse other,
        HttpProtocols protocols = HttpProtocols.Http1,
        Func<int, bool>? readsBody = null)
    {
        TestHost host = new();
        host.TokenEndpoint = await LoopbackServer.StartAsync(host.WriteTokenAsync);
        host.Other = await LoopbackServer.StartAsync(context => other(context, TokenOf(context)));
        ApiResponse response = api(host);
        host.Api = await LoopbackServer.StartAsync(
            context => response(context, TokenOf(context)),
            protocols,
            context => readsBody?.Invoke(TokenOf(context)) ?? true);
        return host;
    }

    private static int TokenOf(HttpContext context) => RecordedRequest.TokenOf(context.Request.Headers.Authorization);

    private Task WriteTokenAsync(HttpContext context)
    {
        int number = Interlocked.Increment(ref _tokens);
        string json = $$"""{"access_token":"{{Canary.Marker}}-{{number}}","expires_in":3600}""";
        return TokenResponse?.Invoke(context) ?? context.Response.WriteAsync(json);
    }
}
