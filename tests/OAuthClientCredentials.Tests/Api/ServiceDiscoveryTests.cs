using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.ServiceDiscovery.Http;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Api;

/// <summary>Service discovery in the defaults of all HttpClients with configured endpoints, as in an Aspire application.</summary>
public sealed class ServiceDiscoveryTests : IAsyncLifetime
{
    private static readonly string[] Addresses =
    [
        "https+http://orders",
        "http+https://orders",
        "http://orders",
        "https+http://_internal.orders",
        "http://_internal.orders",
    ];

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

    public static TheoryData<string, string, string> Forms
    {
        get
        {
            TheoryData<string, string, string> forms = [];
            foreach (string address in Addresses)
            {
                foreach (string place in (string[])["defaults", "before", "after"])
                {
                    forms.Add("named", address, place);
                    forms.Add("constructor", address, place);
                }
            }

            return forms;
        }
    }

    [Theory]
    [Trait("Req", "R-341")]
    [MemberData(nameof(Forms))]
    public async Task A_logical_base_address_needs_no_AllowedOrigins(string kind, string address, string place)
    {
        ServiceCollection services = Discovery(_api.Address);
        services.AddSingleton(new Uri(address));
        IHttpClientBuilder builder = services.AddHttpClient<Typed>();
        if (kind == "named")
        {
            builder = services.AddHttpClient("api", client => client.BaseAddress = new(address));
        }

        _ = place switch
        {
            "defaults" => services.ConfigureHttpClientDefaults(all => all.AddServiceDiscovery().AddClientCredentialsHandler("orders")),
            "before" => builder.AddServiceDiscovery().AddClientCredentialsHandler("orders").Services,
            _ => builder.AddClientCredentialsHandler("orders").AddServiceDiscovery().Services,
        };
        await using ServiceProvider provider = services.BuildServiceProvider();
        for (int call = 0; call < 2; call++)
        {
            HttpClient client = kind == "named" ? Client(provider) : provider.GetRequiredService<Typed>().Client;
            using HttpResponseMessage response = await client.GetAsync("/orders");
            Assert.Equal(200, (int)response.StatusCode);
        }

        Assert.Equal(["Bearer token-1", "Bearer token-1"], _api.Requests.Select(arrival => arrival.Authorization));
    }

    [Theory]
    [Trait("Req", "R-341")]
    [InlineData("nobody")]
    [InlineData("a primary handler")]
    public async Task A_logical_address_that_is_not_resolved_above_the_handler_is_refused(string resolver)
    {
        ServiceCollection services = Discovery(_api.Address);
        IHttpClientBuilder builder = services.AddHttpClient("api", client => client.BaseAddress = new("https+http://orders"))
            .AddClientCredentialsHandler("orders");
        if (resolver == "a primary handler")
        {
            builder.ConfigurePrimaryHttpMessageHandler(all =>
                all.GetRequiredService<IServiceDiscoveryHttpMessageHandlerFactory>().CreateHandler(new SocketsHttpHandler()));
        }

        await using ServiceProvider provider = services.BuildServiceProvider();
        OriginNotAllowedException refused = await Assert.ThrowsAsync<OriginNotAllowedException>(() => Client(provider).GetAsync("/orders"));
        Assert.Contains("https+http://orders", refused.Message, StringComparison.Ordinal);
        Assert.Contains("AddServiceDiscovery()", refused.Message, StringComparison.Ordinal);
        Assert.Empty(_api.Requests);
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
        ServiceCollection services = Discovery(endpoint);
        services.ConfigureHttpClientDefaults(builder => builder.AddServiceDiscovery());
        IHttpClientBuilder builder = services.AddHttpClient("api", client => client.BaseAddress = new("https+http://orders"))
            .AddClientCredentialsHandler("orders", configure);
        more(builder);
        return services.BuildServiceProvider();
    }

    private static ServiceCollection Discovery(Uri endpoint)
    {
        ServiceCollection services = new();
        string[] keys = ["services:orders:http:0", "services:orders:internal:0", "services:stock:http:0"];
        IEnumerable<KeyValuePair<string, string?>> endpoints = keys.Select(key => KeyValuePair.Create(key, (string?)$"{endpoint}"));
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(endpoints).Build());
        services.AddServiceDiscovery();
        services.AddSingleton<ITokenProvider>(new NumberedTokens());
        TestProvider.AddClient(services, "orders");
        return services;
    }

    /// <summary>Sets the base address after the factory has created the HttpClient.</summary>
    private sealed class Typed
    {
        public Typed(HttpClient client, Uri address)
        {
            client.BaseAddress = address;
            Client = client;
        }

        public HttpClient Client { get; }
    }
}
