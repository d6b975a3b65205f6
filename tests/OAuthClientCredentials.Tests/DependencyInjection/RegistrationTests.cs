using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.DependencyInjection;

/// <summary>What the registration adds to the services and to HttpClients.</summary>
public sealed class RegistrationTests
{
    [Fact]
    [Trait("Req", "R-220")]
    public void Host_that_validates_scopes_and_builds_accepts_the_registration()
    {
        HostApplicationBuilderSettings settings = new() { EnvironmentName = Environments.Development };
        HostApplicationBuilder builder = Host.CreateApplicationBuilder(settings);
        builder.Services.AddClientCredentials();
        TestProvider.AddClient(builder.Services, "orders");
        builder.Services.AddHttpClient<OrdersClient>().AddClientCredentialsHandler("orders");
        using IHost host = builder.Build();
        using IServiceScope scope = host.Services.CreateScope();
        Assert.NotNull(scope.ServiceProvider.GetRequiredService<OrdersClient>());
        Assert.Same(host.Services.GetRequiredService<TokenProvider>(), scope.ServiceProvider.GetRequiredService<ITokenProvider>());
    }

    [Fact]
    [Trait("Req", "R-221")]
    public async Task Second_registration_adds_options_and_nothing_else()
    {
        await using TestProvider provider = TestProvider.WithServices(services =>
        {
            for (int round = 0; round < 2; round++)
            {
                TestProvider.AddClient(services, "orders");
                services.AddHttpClient("api").AddClientCredentialsHandler("orders").AddClientCredentialsHandler("orders");
            }

            services.AddClientCredentials("orders", options => options.Scopes = ["orders.read"]);
        });
        Assert.Single(provider.Services.GetServices<TokenProvider>());
        Assert.Single(provider.Services.GetServices<ITokenProvider>());
        Assert.Single(provider.Services.GetServices<TokenClient>());
        Assert.Single(provider.Services.GetServices<IValidateOptions<ClientCredentialsOptions>>());
        Assert.Empty(provider.ValidateOnStart());
        await provider.GetAsync("orders");
        Assert.Equal(["orders.read"], Assert.Single(provider.Server.Requests).Scopes);
        HttpMessageHandler? handler = provider.Services.GetRequiredService<IHttpMessageHandlerFactory>().CreateHandler("api");
        int count = 0;
        for (; handler is DelegatingHandler outer; handler = outer.InnerHandler)
        {
            count += outer is AccessTokenHandler ? 1 : 0;
        }

        Assert.Equal(1, count);
    }

    [Fact]
    [Trait("Req", "R-342")]
    public async Task Your_options_factory_is_used()
    {
        await using TestProvider provider = TestProvider.WithServices(services =>
        {
            TestProvider.AddClient(services, "orders");
            services.AddSingleton<IOptionsFactory<ClientCredentialsOptions>, OptionsFactory>();
        });
        await provider.GetAsync("orders");
        Assert.Equal("from the factory", Assert.Single(provider.Server.Requests).ClientId);
    }

    [Fact]
    [Trait("Req", "R-223")]
    public async Task Disposed_HttpClient_does_not_dispose_the_token()
    {
        await using TestProvider provider = TestProvider.WithServices(services =>
        {
            TestProvider.AddClient(services, "orders");
            AddApi(services, "api").AddClientCredentialsHandler("orders");
        });
        for (int call = 0; call < 3; call++)
        {
            await SendAsync(provider, "api");
        }

        Assert.Equal("token-1", await provider.GetAsync("orders"));
    }

    [Fact]
    [Trait("Req", "R-344")]
    public async Task Two_clients_on_one_HttpClient_are_an_error_at_start()
    {
        await using TestProvider provider = TestProvider.WithServices(services =>
        {
            TestProvider.AddClient(services, "orders");
            TestProvider.AddClient(services, "stock");
            services.AddHttpClient("api").AddClientCredentialsHandler("orders").AddClientCredentialsHandler("stock");
        });
        string failure = Assert.Single(provider.ValidateOnStart());
        Assert.All(["'api'", "'orders'", "'stock'"], name => Assert.Contains(name, failure, StringComparison.Ordinal));
    }

    [Fact]
    [Trait("Req", "R-344")]
    public async Task Two_clients_in_the_defaults_of_all_HttpClients_are_an_error_at_start()
    {
        await using TestProvider provider = TestProvider.WithServices(services =>
        {
            TestProvider.AddClient(services, "orders");
            TestProvider.AddClient(services, "stock");
            services.ConfigureHttpClientDefaults(http => http.AddClientCredentialsHandler("orders").AddClientCredentialsHandler("stock"));
        });
        string failure = Assert.Single(provider.ValidateOnStart());
        Assert.Contains("The defaults of all HttpClients", failure, StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Req", "R-362")]
    [InlineData("orders", true)]
    [InlineData("orders", false)]
    [InlineData("stock", true)]
    [InlineData("stock", false)]
    public async Task Handler_on_one_HttpClient_replaces_the_one_in_the_defaults_of_all(string nearer, bool areDefaultsFirst)
    {
        await using TestProvider provider = TestProvider.WithServices(services =>
        {
            TestProvider.AddClient(services, "orders");
            TestProvider.AddClient(services, "stock");
            List<Action> registrations =
            [
                () => services.ConfigureHttpClientDefaults(http => http.AddClientCredentialsHandler("orders")),
                () => AddApi(services, "near").AddClientCredentialsHandler(nearer),
                () => AddApi(services, "other"),
                () => AddApi(services, "").AddClientCredentialsHandler(nearer),
            ];
            if (!areDefaultsFirst)
            {
                registrations.Reverse();
            }

            registrations.ForEach(register => register());
        });
        Assert.Empty(provider.ValidateOnStart());
        await SendAsync(provider, "near");
        Assert.Equal(nearer, provider.Server.Requests[^1].ClientId);
        await SendAsync(provider, "");
        await SendAsync(provider, "other");
        Assert.Equal("orders", provider.Server.Requests[^1].ClientId);
        Assert.Equal(nearer == "orders" ? 1 : 2, provider.Server.Requests.Count);
    }

    [Fact]
    [Trait("Req", "R-344")]
    public async Task Handler_without_a_name_uses_the_default_client_and_with_options_its_own()
    {
        await using TestProvider provider = TestProvider.WithServices(services =>
        {
            TestProvider.AddClient(services, "", options => options.Audience = "default");
            AddApi(services, "unnamed").AddClientCredentialsHandler();
            AddApi(services, "in place").AddClientCredentialsHandler(options =>
            {
                TestProvider.Configure(options);
                options.Audience = "in place";
            });
        });
        Assert.Empty(provider.ValidateOnStart());
        await SendAsync(provider, "unnamed");
        await SendAsync(provider, "in place");
        Assert.Equal(["default", "in place"], provider.Server.Requests.Select(request => request["audience"]));
        Assert.Equal("token-2", await provider.GetAsync("in place"));
    }

    [Fact]
    [Trait("Req", "R-340")]
    public async Task HttpClient_of_token_requests_has_a_name_and_can_be_configured()
    {
        List<string> seen = [];
        await using TestProvider provider = TestProvider.WithServices(services =>
        {
            services.AddClientCredentials("orders", options => TestProvider.Configure(options))
                .ConfigureHttpClient(http => http.ConfigureHttpClient(client => client.DefaultRequestHeaders.Add("X-Gateway-Key", "7")));
            services.AddHttpClient("OAuthClientCredentials").AddHttpMessageHandler(() => new GatewayKeyHandler(seen));
        });
        await provider.GetAsync("orders");
        Assert.Equal(["7"], seen);
    }

    [Fact]
    [Trait("Req", "R-221")]
    public void Registration_without_options_needs_configuration_and_says_so()
    {
        using ServiceProvider provider = new ServiceCollection().AddClientCredentials().Services.BuildServiceProvider();
        InvalidOperationException exception = Assert.Throws<InvalidOperationException>(() => provider.GetRequiredService<ITokenProvider>());
        Assert.Contains("IConfiguration", exception.Message, StringComparison.Ordinal);
    }

    private static IHttpClientBuilder AddApi(IServiceCollection services, string name) =>
        services.AddHttpClient(name, client => client.BaseAddress = new("https://api.example.com"))
            .ConfigurePrimaryHttpMessageHandler(() => new StubHandler(_ => new HttpResponseMessage()));

    private static async Task SendAsync(TestProvider provider, string name)
    {
        using HttpClient client = provider.Services.GetRequiredService<IHttpClientFactory>().CreateClient(name);
        (await client.GetAsync(new Uri("/", UriKind.Relative))).Dispose();
    }

    private sealed class OptionsFactory : IOptionsFactory<ClientCredentialsOptions>
    {
        public ClientCredentialsOptions Create(string name)
        {
            ClientCredentialsOptions options = new();
            TestProvider.Configure(options, "from the factory");
            return options;
        }
    }

    private sealed class OrdersClient(HttpClient http)
    {
        public HttpClient Http => http;
    }

    private sealed class GatewayKeyHandler(List<string> seen) : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            seen.AddRange(request.Headers.GetValues("X-Gateway-Key"));
            return base.SendAsync(request, cancellationToken);
        }
    }
}
