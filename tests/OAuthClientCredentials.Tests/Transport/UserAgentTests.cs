using System.Collections.Concurrent;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Transport;

/// <summary>The User-Agent that servers receive, for metadata, token and API requests.</summary>
public sealed class UserAgentTests : IAsyncLifetime
{
    private readonly ConcurrentQueue<string> _received = new();
    private LoopbackServer _server = null!;

    public async Task InitializeAsync() => _server = await LoopbackServer.StartAsync(context =>
    {
        string name = context.Request.Path.Value!.Split('/')[^1];
        _received.Enqueue($"{name} {context.Request.Headers.UserAgent}");
        string address = _server.Address.ToString();
        return context.Response.WriteAsync(name switch
        {
            "token" => """{"access_token":"token-1","token_type":"Bearer","expires_in":3600}""",
            _ => $$"""{"issuer":"{{address}}","token_endpoint":"{{address}}token"}""",
        });
    });

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Theory]
    [Trait("Req", "R-353")]
    [InlineData("none", "OAuthClientCredentials/<version>")]
    [InlineData("headers", "shop/1.0")]
    [InlineData("handler", "shop/2.0")]
    [InlineData("not valid", "(((shop")]
    public async Task A_request_to_the_authorization_server_has_a_User_Agent_unless_it_is_yours(string yours, string expected)
    {
        ServiceCollection services = new();
        services.AddClientCredentials(Configure).ConfigureHttpClient(http => SetUserAgent(http, yours));
        services.AddHttpClient("api", client => client.BaseAddress = _server.Address).AddClientCredentialsHandler();
        await using ServiceProvider provider = services.BuildServiceProvider();
        HttpClient api = provider.GetRequiredService<IHttpClientFactory>().CreateClient("api");
        await api.GetStringAsync("orders");
        expected = expected.Replace("<version>", Version, StringComparison.Ordinal);
        Assert.Equal([$"oauth-authorization-server {expected}", $"token {expected}", "orders "], _received);
    }

    [Fact]
    [Trait("Req", "R-353")]
    public async Task A_request_of_a_provider_without_services_has_a_User_Agent()
    {
        await using (TokenProvider plain = TokenProvider.Create(Configure))
        {
            await plain.GetTokenAsync();
        }

        using SocketsHttpHandler yours = new();
        await using TokenProvider provider = TokenProvider.Create(Configure, yours);
        await provider.GetTokenAsync();
        Assert.Equal(4, _received.Count);
        Assert.All(_received, line => Assert.EndsWith($" OAuthClientCredentials/{Version}", line, StringComparison.Ordinal));
    }

    private static string Version
    {
        get
        {
            string props = Repository.Read("Directory.Build.props");
            return props.Split("<VersionPrefix>")[1].Split("</VersionPrefix>")[0];
        }
    }

    private void Configure(ClientCredentialsOptions options)
    {
        TestProvider.Configure(options);
        (options.TokenEndpoint, options.Authority) = (null, _server.Address.ToString());
    }

    private static void SetUserAgent(IHttpClientBuilder http, string yours)
    {
        switch (yours)
        {
            case "headers":
                http.ConfigureHttpClient(client => client.DefaultRequestHeaders.UserAgent.ParseAdd("shop/1.0"));
                break;
            case "handler":
                http.AddHttpMessageHandler(() => new ShopHandler());
                break;
            case "not valid":
                http.ConfigureHttpClient(client => client.DefaultRequestHeaders.TryAddWithoutValidation("User-Agent", "(((shop"));
                break;
        }
    }

    private sealed class ShopHandler : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.Headers.UserAgent.ParseAdd("shop/2.0");
            return base.SendAsync(request, cancellationToken);
        }
    }
}
