using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using OAuthClientCredentials.IntegrationTests.Canaries;
using OAuthClientCredentials.IntegrationTests.Methods;

namespace OAuthClientCredentials.IntegrationTests.OidcProvider;

/// <summary>An application with one client and an HttpClient for the server's API. Its primary handlers only trust the server.</summary>
internal sealed class TestApplication : IAsyncDisposable
{
    private readonly ITestServer _server;
    private readonly ServiceProvider _services;
    private readonly Uri _api;

    /// <param name="server">The server of the token endpoint and of the API.</param>
    /// <param name="configure">Sets the options of the client. Authority is set to the server's issuer before.</param>
    /// <param name="mutual">Whether to call the API that asks for client certificates.</param>
    /// <param name="handler">Creates other primary handlers.</param>
    /// <param name="api">Another API that accepts the server's tokens.</param>
    public TestApplication(
        ITestServer server,
        Action<ClientCredentialsOptions> configure,
        bool mutual = false,
        Func<HttpMessageHandler>? handler = null,
        Uri? api = null)
    {
        handler ??= () => server.CreateHandler();
        _server = server;
        _api = api ?? (mutual ? server.MtlsApi : server.Api);
        ServiceCollection services = new();
        services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(Canary.Listeners.Logger));
        IClientCredentialsBuilder builder = services.AddClientCredentials("api", options =>
        {
            options.Authority = server.Issuer;
            configure(options);
        });
        builder.AddJwtAuthentication().ConfigureHttpClient(http => http.ConfigurePrimaryHttpMessageHandler(handler));
        services.AddHttpClient("api", client => client.BaseAddress = _api)
            .ConfigurePrimaryHttpMessageHandler(handler)
            .AddClientCredentialsHandler("api");
        _services = services.BuildServiceProvider(new ServiceProviderOptions { ValidateOnBuild = true, ValidateScopes = true });
    }

    public ITokenProvider Tokens => _services.GetRequiredService<ITokenProvider>();

    public HttpClient Http => _services.GetRequiredService<IHttpClientFactory>().CreateClient("api");

    /// <summary>The claims of the token that the API received: client_id, scope, aud, cnf.</summary>
    public async Task<JsonObject> CallAsync() => JsonNode.Parse(await Http.GetStringAsync(_api))!.AsObject();

    /// <summary>Calls the API with the current token and another certificate, or none.</summary>
    public async Task<HttpStatusCode> CallAsync(Uri api, X509Certificate2? certificate = null)
    {
        using HttpClient client = new(_server.CreateHandler(certificate));
        client.DefaultRequestHeaders.Authorization = (await Tokens.GetTokenAsync("api")).AuthorizationHeader;
        using HttpResponseMessage response = await client.GetAsync(api);
        return response.StatusCode;
    }

    public Task<TokenRequestException> FailAsync() => Assert.ThrowsAsync<TokenRequestException>(CallAsync);

    public ValueTask DisposeAsync() => _services.DisposeAsync();
}
