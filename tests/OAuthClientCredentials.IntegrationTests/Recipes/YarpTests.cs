using System.Net;
using System.Net.Http.Headers;
using OAuthClientCredentials.IntegrationTests.Canaries;
using OAuthClientCredentials.Testing;
using Yarp.ReverseProxy.Transforms;

namespace OAuthClientCredentials.IntegrationTests.Recipes;

/// <summary>The YARP recipe: a proxy and two services behind it.</summary>
public sealed class YarpTests : CanaryTests
{
    private readonly TestAuthorizationServer _tokens = new();
    private LoopbackServer _orders = null!;
    private LoopbackServer _public = null!;
    private WebApplication _proxy = null!;

    public override async Task InitializeAsync()
    {
        _tokens.Always(TestResponse.Token(value: Canary.Marker));
        _orders = await LoopbackServer.StartAsync(_ => Task.CompletedTask);
        _public = await LoopbackServer.StartAsync(_ => Task.CompletedTask);
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["ReverseProxy:Routes:orders:ClusterId"] = "orders",
            ["ReverseProxy:Routes:orders:Match:Path"] = "/orders",
            ["ReverseProxy:Clusters:orders:Destinations:one:Address"] = _orders.Address.ToString(),
            ["ReverseProxy:Routes:public:ClusterId"] = "public",
            ["ReverseProxy:Routes:public:Match:Path"] = "/public",
            ["ReverseProxy:Clusters:public:Destinations:one:Address"] = _public.Address.ToString(),
        });
        RecipeHost.AddClient(builder.Services);
        AddProxy(builder.Services, builder.Configuration);
        builder.Services.UseTestAuthorizationServer(_tokens);
        _proxy = builder.Build();
        _proxy.MapReverseProxy();
        await _proxy.StartAsync();
    }

    public override async Task DisposeAsync()
    {
        await _proxy.DisposeAsync();
        await _orders.DisposeAsync();
        await _public.DisposeAsync();
        await base.DisposeAsync();
    }

    [Fact]
    [Trait("Req", "R-330")]
    public async Task The_proxy_replaces_the_header_for_its_cluster_and_for_no_other()
    {
        await CallAsync("orders");
        await CallAsync("public");
        Assert.Equal([$"Bearer {Canary.Marker}"], _orders.Requests.Select(request => request.Authorization));
        Assert.Equal(["Bearer user-7"], _public.Requests.Select(request => request.Authorization));
        _tokens.Verify(1);
    }

    [Fact]
    [Trait("Req", "R-330")]
    public async Task Without_a_token_the_proxy_responds_with_502_and_forwards_nothing()
    {
        _tokens.Always(TestResponse.Error("invalid_client"));
        Assert.Equal(HttpStatusCode.BadGateway, await CallAsync("orders"));
        Assert.Empty(_orders.Requests);
    }

    private static void AddProxy(IServiceCollection services, IConfiguration configuration)
    {
        services.AddReverseProxy()
            .LoadFromConfig(configuration.GetSection("ReverseProxy"))
            .AddTransforms(transforms =>
            {
                if (transforms.Route.ClusterId == "orders")
                {
                    ITokenProvider tokens = transforms.Services.GetRequiredService<ITokenProvider>();
                    transforms.AddRequestTransform(async context =>
                    {
                        AccessToken token = await tokens.GetTokenAsync("orders", context.HttpContext.RequestAborted);
                        context.ProxyRequest.Headers.Authorization = token.AuthorizationHeader;
                    });
                }
            });
    }

    private async Task<HttpStatusCode> CallAsync(string path)
    {
        using HttpClient client = new();
        using HttpRequestMessage request = new(HttpMethod.Get, $"{_proxy.Urls.First()}/{path}");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", "user-7");
        using HttpResponseMessage response = await client.SendAsync(request);
        return response.StatusCode;
    }
}
