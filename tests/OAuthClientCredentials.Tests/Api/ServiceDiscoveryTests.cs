using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Api;

/// <summary>Service discovery in the defaults of all HttpClients with configured endpoints, as in an Aspire application.</summary>
public sealed class ServiceDiscoveryTests : IAsyncLifetime
{
    private LoopbackServer _api = null!;

    public async Task InitializeAsync() => _api = await LoopbackServer.StartAsync(_ => Task.CompletedTask);

    public async Task DisposeAsync() => await _api.DisposeAsync();

    [Theory]
    [Trait("Req", "R-341")]
    [InlineData("nothing")]
    [InlineData("standard resilience")]
    [InlineData("hedging")]
    [InlineData("service discovery once more")]
    public async Task The_logical_base_address_is_the_allowed_origin(string outside)
    {
        await using ServiceProvider services = Services(_api.Address, builder => _ = outside switch
        {
            "standard resilience" => (object)builder.AddStandardResilienceHandler(),
            "hedging" => builder.AddStandardHedgingHandler(),
            "service discovery once more" => builder.AddServiceDiscovery(),
            _ => builder,
        });
        for (int call = 0; call < 2; call++)
        {
            using HttpResponseMessage response = await Client(services).GetAsync("/orders");
            Assert.Equal(200, (int)response.StatusCode);
        }

        Assert.Equal(["Bearer token-1", "Bearer token-1"], _api.Requests.Select(arrival => arrival.Authorization));
    }

    [Fact]
    [Trait("Req", "R-341")]
    public async Task An_allowed_origin_can_be_logical()
    {
        await using ServiceProvider services = Services(_api.Address, _ => { }, options => options.AllowedOrigins = ["https+http://stock"]);
        using HttpResponseMessage response = await Client(services).GetAsync("https+http://stock/1");
        Assert.Equal("Bearer token-1", Assert.Single(_api.Requests).Authorization);
        await Assert.ThrowsAsync<OriginNotAllowedException>(() => Client(services).GetAsync("/orders"));
    }

    [Theory]
    [Trait("Req", "R-341")]
    [InlineData("https+http://stock/1", "https+http://stock")]
    [InlineData("http://127.0.0.1:1/1", "http://127.0.0.1:1")]
    public async Task Another_service_is_refused_under_its_logical_name(string called, string named)
    {
        await using ServiceProvider services = Services(_api.Address, _ => { });
        OriginNotAllowedException refused = await Assert.ThrowsAsync<OriginNotAllowedException>(() => Client(services).GetAsync(called));
        Assert.Contains($"[\"https+http://orders\", \"{named}\"]", refused.Message, StringComparison.Ordinal);
        Assert.Empty(_api.Requests);
    }

    [Fact]
    [Trait("Req", "R-004")]
    [Trait("Req", "R-341")]
    public async Task A_service_that_is_resolved_to_plain_http_is_refused()
    {
        await using ServiceProvider services = Services(new("http://orders.internal"), _ => { });
        OriginNotAllowedException refused = await Assert.ThrowsAsync<OriginNotAllowedException>(() => Client(services).GetAsync("/orders"));
        Assert.Contains("neither https nor loopback", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-112")]
    [Trait("Req", "R-341")]
    public async Task A_request_whose_address_is_changed_after_it_was_resolved_is_refused()
    {
        await using LoopbackServer other = await LoopbackServer.StartAsync(_ => Task.CompletedTask);
        OuterHandler changesAddress = new((request, send) =>
        {
            request.RequestUri = other.Address;
            return send(request);
        });
        await using ServiceProvider services = Services(_api.Address, builder => builder.AddHttpMessageHandler(() => changesAddress));
        await Assert.ThrowsAsync<OriginNotAllowedException>(() => Client(services).GetAsync("/orders"));
        Assert.Empty(other.Requests);
    }

    private static HttpClient Client(ServiceProvider services) => services.GetRequiredService<IHttpClientFactory>().CreateClient("api");

    private static ServiceProvider Services(
        Uri endpoint,
        Action<IHttpClientBuilder> more,
        Action<AccessTokenHandlerOptions>? configure = null)
    {
        ServiceCollection services = new();
        string[] keys = ["services:orders:http:0", "services:stock:http:0"];
        IEnumerable<KeyValuePair<string, string?>> endpoints = keys.Select(key => KeyValuePair.Create(key, (string?)$"{endpoint}"));
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(endpoints).Build());
        services.AddServiceDiscovery();
        services.ConfigureHttpClientDefaults(builder => builder.AddServiceDiscovery());
        services.AddSingleton<ITokenProvider>(new NumberedTokens());
        TestProvider.AddClient(services, "orders");
        IHttpClientBuilder builder = services.AddHttpClient("api", client => client.BaseAddress = new("https+http://orders"))
            .AddClientCredentialsHandler("orders", configure);
        more(builder);
        return services.BuildServiceProvider();
    }
}
