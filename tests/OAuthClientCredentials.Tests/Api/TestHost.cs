using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Api;

/// <summary>A token endpoint and an API over real sockets, and an HttpClient with our handler between them.</summary>
internal sealed class TestHost : IAsyncDisposable
{
    private readonly ServiceProvider _services;

    private TestHost(LoopbackServer tokens, LoopbackServer server, ServiceProvider services)
    {
        Tokens = tokens;
        Server = server;
        _services = services;
    }

    public LoopbackServer Tokens { get; }

    public LoopbackServer Server { get; }

    public HttpClient Client => _services.GetRequiredService<IHttpClientFactory>().CreateClient("api");

    public static Task<TestHost> StartAsync(
        RequestDelegate respond,
        Action<AccessTokenHandlerOptions>? configure = null,
        Action<IServiceCollection>? more = null) =>
        StartAsync(respond, LoopbackServer.StartTokenEndpointAsync(), configure, more);

    public static async Task<TestHost> StartAsync(
        RequestDelegate respond,
        Task<LoopbackServer> tokenEndpoint,
        Action<AccessTokenHandlerOptions>? configure = null,
        Action<IServiceCollection>? more = null)
    {
        LoopbackServer tokens = await tokenEndpoint;
        LoopbackServer server = await LoopbackServer.StartAsync(respond);
        ServiceCollection services = new();
        TestProvider.AddClient(services, "", options => options.TokenEndpoint = new Uri(tokens.Address, "/token").ToString());
        services.AddHttpClient("api", client => client.BaseAddress = server.Address).AddClientCredentialsHandler(configure: configure);
        more?.Invoke(services);
        ServiceProviderOptions validated = new() { ValidateOnBuild = true, ValidateScopes = true };
        return new(tokens, server, services.BuildServiceProvider(validated));
    }

    public async ValueTask DisposeAsync()
    {
        await _services.DisposeAsync();
        await Server.DisposeAsync();
        await Tokens.DisposeAsync();
    }
}
