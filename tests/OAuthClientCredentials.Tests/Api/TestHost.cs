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

    public static Task<TestHost> StartAsync(RequestDelegate answer, Action<AccessTokenHandlerOptions>? configure = null, Action<IServiceCollection>? more = null) =>
        StartAsync(answer, LoopbackServer.StartTokenEndpointAsync(), configure, more);

    public static async Task<TestHost> StartAsync(RequestDelegate answer, Task<LoopbackServer> tokenEndpoint, Action<AccessTokenHandlerOptions>? configure = null, Action<IServiceCollection>? more = null)
    {
        LoopbackServer tokens = await tokenEndpoint;
        LoopbackServer server = await LoopbackServer.StartAsync(answer);
        ServiceCollection services = new();
        services.AddClientCredentials(options =>
        {
            options.TokenEndpoint = new Uri(tokens.Address, "/token").ToString();
            options.ClientId = "shop";
            options.ClientSecret = "secret";
            options.MaxRetries = 0;
        });
        services.AddHttpClient("api", client => client.BaseAddress = server.Address).AddClientCredentialsHandler(configure: configure);
        more?.Invoke(services);
        return new(tokens, server, services.BuildServiceProvider(new ServiceProviderOptions { ValidateOnBuild = true, ValidateScopes = true }));
    }

    /// <summary>Answers 401 to every token but those of a number from <paramref name="from"/> on.</summary>
    public static RequestDelegate AcceptTokensFrom(int from, string? challenge = null) => context =>
    {
        string? token = context.Request.Headers.Authorization.ToString().Split('-').LastOrDefault();
        if (!int.TryParse(token, out int number) || number < from)
        {
            context.Response.StatusCode = 401;
            if (challenge is not null)
            {
                context.Response.Headers.WWWAuthenticate = challenge;
            }
        }

        return Task.CompletedTask;
    };

    public async ValueTask DisposeAsync()
    {
        await _services.DisposeAsync();
        await Server.DisposeAsync();
        await Tokens.DisposeAsync();
    }
}
