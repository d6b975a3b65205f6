using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;

namespace OAuthClientCredentials.IntegrationTests.OidcProvider;

/// <summary>An application as README shows it: one client, and an HttpClient for the server's API.</summary>
internal sealed class OidcApplication : IAsyncDisposable
{
    private readonly ServiceProvider _services;
    private readonly Uri _api;

    /// <param name="server">Whose API is called; the client's options begin with its issuer as Authority.</param>
    /// <param name="configure">The rest of the client.</param>
    /// <param name="certificate">What both HttpClients show; the API is then the one that asks for it.</param>
    public OidcApplication(OidcProviderServer server, Action<ClientCredentialsOptions> configure, X509Certificate2? certificate = null)
    {
        _api = certificate is null ? server.Api : server.MtlsApi;
        ServiceCollection services = new();
        services.AddClientCredentials("api", options =>
        {
            options.Authority = server.Issuer;
            configure(options);
        }).ConfigureHttpClient(http => http.ConfigurePrimaryHttpMessageHandler(() => server.CreateHandler(certificate)));
        services.AddHttpClient("api", client => client.BaseAddress = _api)
            .ConfigurePrimaryHttpMessageHandler(() => server.CreateHandler(certificate))
            .AddClientCredentialsHandler("api");
        _services = services.BuildServiceProvider(new ServiceProviderOptions { ValidateOnBuild = true, ValidateScopes = true });
    }

    public ITokenProvider Tokens => _services.GetRequiredService<ITokenProvider>();

    public HttpClient CreateClient() => _services.GetRequiredService<IHttpClientFactory>().CreateClient("api");

    /// <summary>What the API says of the token that it was given: client_id, scope, aud, cnf.</summary>
    public async Task<JsonObject> CallAsync() => JsonNode.Parse(await CreateClient().GetStringAsync(_api))!.AsObject();

    public Task<TokenRequestException> FailAsync() => Assert.ThrowsAsync<TokenRequestException>(CallAsync);

    public ValueTask DisposeAsync() => _services.DisposeAsync();
}
