using System.Text.Json.Nodes;
using OAuthClientCredentials.Diagnostics;
using OAuthClientCredentials.IntegrationTests.Canaries;
using OAuthClientCredentials.IntegrationTests.Methods;

namespace OAuthClientCredentials.IntegrationTests.OidcProvider;

/// <summary>An application as README shows it: one client, and an HttpClient for the server's API. The library shows the client certificate; the handlers only trust the server.</summary>
internal sealed class OidcApplication : IAsyncDisposable
{
    private readonly Lines _log = new();
    private readonly ServiceProvider _services;
    private readonly Uri _api;

    /// <param name="server">Whose API is called; the client's options begin with its issuer as Authority.</param>
    /// <param name="configure">The rest of the client.</param>
    /// <param name="mutual">Whether the API is the one that asks for certificates.</param>
    /// <param name="handler">Primary handlers other than those that trust the server.</param>
    public OidcApplication(ITestServer server, Action<ClientCredentialsOptions> configure, bool mutual = false, Func<HttpMessageHandler>? handler = null)
        : this(server, services => services.AddClientCredentials("api", options =>
        {
            options.Authority = server.Issuer;
            configure(options);
        }), mutual, handler ?? (() => server.CreateHandler()))
    {
    }

    /// <summary>With a client called "api" that comes from configuration.</summary>
    public OidcApplication(ITestServer server, IConfiguration section, bool mutual = false)
        : this(server, services => services.AddClientCredentials("api", section), mutual, () => server.CreateHandler())
    {
    }

    private OidcApplication(ITestServer server, Func<IServiceCollection, IClientCredentialsBuilder> register, bool mutual, Func<HttpMessageHandler> handler)
    {
        _api = mutual ? server.MtlsApi : server.Api;
        ServiceCollection services = new();
        services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(_log).AddProvider(Canary.Ears.Logs));
        register(services).AddJwtAuthentication().ConfigureHttpClient(http => http.ConfigurePrimaryHttpMessageHandler(handler));
        services.AddHttpClient("api", client => client.BaseAddress = _api)
            .ConfigurePrimaryHttpMessageHandler(handler)
            .AddClientCredentialsHandler("api");
        _services = services.BuildServiceProvider(new ServiceProviderOptions { ValidateOnBuild = true, ValidateScopes = true });
    }

    public Lines Log => _log;

    public ITokenProvider Tokens => _services.GetRequiredService<ITokenProvider>();

    public HttpClient CreateClient() => _services.GetRequiredService<IHttpClientFactory>().CreateClient("api");

    /// <summary>What the API says of the token that it was given: client_id, scope, aud, cnf.</summary>
    public async Task<JsonObject> CallAsync() => JsonNode.Parse(await CreateClient().GetStringAsync(_api))!.AsObject();

    public Task<TokenRequestException> FailAsync() => Assert.ThrowsAsync<TokenRequestException>(CallAsync);

    public ValueTask DisposeAsync() => _services.DisposeAsync();
}
