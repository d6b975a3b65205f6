using OAuthClientCredentials.Diagnostics;
using OAuthClientCredentials.IntegrationTests.Canaries;
using Quickstart;

namespace OAuthClientCredentials.IntegrationTests;

/// <summary>The Quickstart's authorization server and API, and applications registered as in README. It keeps every log line.</summary>
internal sealed class QuickstartHost : IAsyncDisposable
{
    private readonly IdentityStore _store = new();
    private readonly Lines _log = new();
    private readonly List<ServiceProvider> _applications = [];

    private QuickstartHost(string secret, TimeSpan lifetime)
    {
        Secret = secret;
        Server = new(_store, new Dictionary<string, TimeSpan> { ["shop"] = lifetime }, secret);
        Api = new(_store);
    }

    public string Secret { get; }

    public AuthorizationServer Server { get; }

    public ProtectedApi Api { get; }

    public string Log => _log.Text;

    public static async Task<QuickstartHost> StartAsync(string secret = Canary.Marker, double lifetimeSeconds = 3600)
    {
        QuickstartHost host = new(secret, TimeSpan.FromSeconds(lifetimeSeconds));
        await host.Server.StartAsync();
        await host.Api.StartAsync();
        return host;
    }

    /// <summary>An application with one client and an HttpClient for the API.</summary>
    public ServiceProvider Register(Action<ClientCredentialsOptions>? configure = null)
    {
        ServiceCollection services = new();
        services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(_log).AddProvider(Canary.Listeners.Logger));
        services.AddClientCredentials("orders", options =>
        {
            options.Authority = _store.Issuer.ToString();
            options.ClientId = "shop";
            options.ClientSecret = Secret;
            configure?.Invoke(options);
        });
        services.AddHttpClient("orders", client => client.BaseAddress = Api.Address).AddClientCredentialsHandler("orders");
        ServiceProviderOptions validated = new() { ValidateOnBuild = true, ValidateScopes = true };
        ServiceProvider application = services.BuildServiceProvider(validated);
        _applications.Add(application);
        return application;
    }

    public static Task<string> CallAsync(ServiceProvider application) =>
        application.GetRequiredService<IHttpClientFactory>().CreateClient("orders").GetStringAsync("/orders");

    public static Task<TokenRequestException> FailAsync(ServiceProvider application) =>
        Assert.ThrowsAsync<TokenRequestException>(() => CallAsync(application));

    public string TokenEndpoint => new Uri(_store.Issuer, "connect/token").ToString();

    public async ValueTask DisposeAsync()
    {
        foreach (ServiceProvider application in _applications)
        {
            await application.DisposeAsync();
        }

        await Api.DisposeAsync();
        await Server.DisposeAsync();
    }
}
