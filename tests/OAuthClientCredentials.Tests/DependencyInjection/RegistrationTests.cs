using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.DependencyInjection;

public sealed class RegistrationTests
{
    private readonly TestAuthorizationServer _endpoint = new();

    [Fact]
    [Trait("Req", "R-220")]
    public void A_host_that_validates_scopes_and_builds_is_content()
    {
        HostApplicationBuilder builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { EnvironmentName = Environments.Development });
        builder.Services.AddClientCredentials();
        builder.Services.AddClientCredentials("orders", Describe);
        builder.Services.AddHttpClient<Orders>().AddClientCredentialsHandler("orders");
        using IHost host = builder.Build();
        using IServiceScope scope = host.Services.CreateScope();
        Assert.NotNull(scope.ServiceProvider.GetRequiredService<Orders>());
        Assert.Same(host.Services.GetRequiredService<TokenProvider>(), scope.ServiceProvider.GetRequiredService<ITokenProvider>());
    }

    [Fact]
    [Trait("Req", "R-221")]
    public async Task Everything_may_be_registered_twice_and_is_there_once()
    {
        ServiceCollection services = new();
        for (int round = 0; round < 2; round++)
        {
            services.AddClientCredentials("orders", Describe);
            services.AddHttpClient("api", client => client.BaseAddress = new("https://api.example.com")).AddClientCredentialsHandler("orders").AddClientCredentialsHandler("orders");
        }

        UseEndpoint(services);
        await using ServiceProvider provider = Build(services);
        Assert.Single(provider.GetServices<TokenProvider>());
        Assert.Single(provider.GetServices<ITokenProvider>());
        Assert.Single(provider.GetServices<TokenClient>());
        Assert.Single(provider.GetServices<IValidateOptions<ClientCredentialsOptions>>());
        provider.GetRequiredService<IStartupValidator>().Validate();
        Assert.Equal(1, HandlersOf(provider, "api"));
    }

    [Fact]
    [Trait("Req", "R-221")]
    public async Task A_second_registration_adds_to_the_options_of_the_first()
    {
        ServiceCollection services = new();
        services.AddClientCredentials("orders", Describe);
        services.AddClientCredentials("orders", options => options.Scopes = ["orders.read"]);
        UseEndpoint(services);
        await using ServiceProvider provider = Build(services);
        await provider.GetRequiredService<ITokenProvider>().GetTokenAsync("orders");
        Assert.Equal(["orders.read"], Assert.Single(_endpoint.Requests).Scopes);
    }

    [Fact]
    [Trait("Req", "R-342")]
    public async Task An_options_factory_of_the_application_is_used()
    {
        ServiceCollection services = new();
        services.AddClientCredentials("orders", options => options.ClientId = "ignored");
        services.AddSingleton<IOptionsFactory<ClientCredentialsOptions>, OwnFactory>();
        UseEndpoint(services);
        await using ServiceProvider provider = Build(services);
        await provider.GetRequiredService<ITokenProvider>().GetTokenAsync("orders");
        Assert.Equal("from the factory", Assert.Single(_endpoint.Requests).ClientId);
    }

    [Fact]
    [Trait("Req", "R-221")]
    public async Task Clients_share_nothing_through_the_default_name()
    {
        ServiceCollection services = new();
        services.AddClientCredentials(options => (options.TokenEndpoint, options.ClientId, options.ClientSecret, options.Audience) = ("https://id.example.com/token", "default", "secret", "mine"));
        services.AddClientCredentials("orders", Describe);
        UseEndpoint(services);
        await using ServiceProvider provider = Build(services);
        await provider.GetRequiredService<ITokenProvider>().GetTokenAsync();
        await provider.GetRequiredService<ITokenProvider>().GetTokenAsync("orders");
        Assert.Equal(["mine", null], _endpoint.Requests.Select(request => request["audience"]));
    }

    [Fact]
    [Trait("Req", "R-223")]
    public async Task Disposing_an_HttpClient_leaves_the_token_where_it_is()
    {
        ServiceCollection services = new();
        services.AddClientCredentials("orders", Describe);
        services.AddHttpClient("api", client => client.BaseAddress = new("https://api.example.com")).AddClientCredentialsHandler("orders").ConfigurePrimaryHttpMessageHandler(() => new Ok());
        UseEndpoint(services);
        await using ServiceProvider provider = Build(services);
        for (int call = 0; call < 3; call++)
        {
            using HttpClient client = provider.GetRequiredService<IHttpClientFactory>().CreateClient("api");
            (await client.GetAsync(new Uri("/", UriKind.Relative))).Dispose();
        }

        Assert.Equal("token-1", (await provider.GetRequiredService<ITokenProvider>().GetTokenAsync("orders")).Value);
        Assert.Single(_endpoint.Requests);
    }

    [Fact]
    [Trait("Req", "R-344")]
    public async Task Two_clients_on_one_HttpClient_are_an_error_at_start()
    {
        ServiceCollection services = new();
        services.AddClientCredentials("orders", Describe);
        services.AddClientCredentials("stock", Describe);
        services.AddHttpClient("api").AddClientCredentialsHandler("orders").AddClientCredentialsHandler("stock");
        await using ServiceProvider provider = Build(services);
        OptionsValidationException exception = Assert.Throws<OptionsValidationException>(() => provider.GetRequiredService<IStartupValidator>().Validate());
        Assert.Equal("The HttpClient 'api' has AddClientCredentialsHandler for the clients 'orders' and 'stock'. Keep one.", Assert.Single(exception.Failures));
    }

    [Fact]
    [Trait("Req", "R-344")]
    public async Task Without_a_name_the_handler_uses_the_default_client_and_with_options_one_named_after_the_HttpClient()
    {
        ServiceCollection services = new();
        services.AddClientCredentials(options =>
        {
            Describe(options);
            options.Audience = "default";
        });
        services.AddHttpClient("unnamed", client => client.BaseAddress = new("https://api.example.com")).ConfigurePrimaryHttpMessageHandler(() => new Ok()).AddClientCredentialsHandler();
        services.AddHttpClient("in place", client => client.BaseAddress = new("https://api.example.com")).ConfigurePrimaryHttpMessageHandler(() => new Ok()).AddClientCredentialsHandler(options =>
        {
            Describe(options);
            options.Audience = "in place";
        });
        UseEndpoint(services);
        await using ServiceProvider provider = Build(services);
        provider.GetRequiredService<IStartupValidator>().Validate();
        foreach (string name in new[] { "unnamed", "in place" })
        {
            (await provider.GetRequiredService<IHttpClientFactory>().CreateClient(name).GetAsync(new Uri("/", UriKind.Relative))).Dispose();
        }

        Assert.Equal(["default", "in place"], _endpoint.Requests.Select(request => request["audience"]));
        Assert.NotNull(await provider.GetRequiredService<ITokenProvider>().GetTokenAsync("in place"));
    }

    [Fact]
    [Trait("Req", "R-340")]
    public async Task The_HttpClient_of_token_requests_has_a_name_and_can_be_configured()
    {
        List<string> seen = [];
        ServiceCollection services = new();
        services.AddClientCredentials("orders", Describe).ConfigureHttpClient(http => http.ConfigureHttpClient(client => client.DefaultRequestHeaders.Add("X-Gateway-Key", "7")));
        services.AddHttpClient(TokenClient.HttpClientName).AddHttpMessageHandler(() => new Spy(seen));
        UseEndpoint(services);
        await using ServiceProvider provider = Build(services);
        await provider.GetRequiredService<ITokenProvider>().GetTokenAsync("orders");
        Assert.Equal("OAuthClientCredentials", TokenClient.HttpClientName);
        Assert.Equal(["7"], seen);
    }

    [Fact]
    [Trait("Req", "R-213")]
    public async Task The_logs_of_the_factory_show_no_header_of_a_token_request()
    {
        using LogLines log = new();
        ServiceCollection services = new();
        services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(log));
        services.AddClientCredentials("orders", options =>
        {
            Describe(options);
            options.ClientSecret = "canary";
        });
        services.Configure<HttpClientFactoryOptions>(TokenClient.HttpClientName, options => options.ShouldRedactHeaderValue = _ => false);
        UseEndpoint(services);
        await using ServiceProvider provider = Build(services);
        await provider.GetRequiredService<ITokenProvider>().GetTokenAsync("orders");
        await Eventually.True(() => !log.Lines.IsEmpty);
        Assert.DoesNotContain("Authorization", log.Text, StringComparison.Ordinal);
        Assert.All(["canary", Convert.ToBase64String("shop:canary"u8), "token-1"], secret => Assert.DoesNotContain(secret, log.Text, StringComparison.Ordinal));
    }

    [Theory]
    [Trait("Req", "R-225")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_authentication_of_the_applications_own_may_throw_or_hang(bool hangs)
    {
        using OneClient client = new(_endpoint, options => options.UseAuthentication(new Hostile(hangs)));
        DateTimeOffset start = client.Time.GetUtcNow();
        TokenRequestException exception = await client.FailAsync();
        Assert.True(exception.IsTransient);
        Assert.DoesNotContain("canary", exception.ToString(), StringComparison.Ordinal);
        Assert.InRange((client.Time.GetUtcNow() - start).TotalSeconds, 0, 30.5);
        Assert.Empty(_endpoint.Requests);
    }

    [Fact]
    [Trait("Req", "R-221")]
    public void The_section_form_without_configuration_says_what_is_missing()
    {
        using ServiceProvider provider = new ServiceCollection().AddClientCredentials().Services.BuildServiceProvider();
        InvalidOperationException exception = Assert.Throws<InvalidOperationException>(() => provider.GetRequiredService<ITokenProvider>());
        Assert.Contains("no IConfiguration is registered", exception.Message, StringComparison.Ordinal);
    }

    private static void Describe(ClientCredentialsOptions options) =>
        (options.TokenEndpoint, options.ClientId, options.ClientSecret, options.MaxRetries) = ("https://id.example.com/token", "shop", "secret", 0);

    private static ServiceProvider Build(ServiceCollection services) => services.BuildServiceProvider(new ServiceProviderOptions { ValidateOnBuild = true, ValidateScopes = true });

    private void UseEndpoint(ServiceCollection services) => services.AddHttpClient(TokenClient.HttpClientName).ConfigurePrimaryHttpMessageHandler(_endpoint.CreateHandler);

    private static int HandlersOf(ServiceProvider provider, string name)
    {
        int count = 0;
        HttpMessageHandler? handler = provider.GetRequiredService<IHttpMessageHandlerFactory>().CreateHandler(name);
        while (handler is DelegatingHandler outer)
        {
            count += outer is AccessTokenHandler ? 1 : 0;
            handler = outer.InnerHandler;
        }

        return count;
    }

    private sealed class OwnFactory : IOptionsFactory<ClientCredentialsOptions>
    {
        public ClientCredentialsOptions Create(string name)
        {
            ClientCredentialsOptions options = new();
            Describe(options);
            options.ClientId = "from the factory";
            return options;
        }
    }

    private sealed class Orders(HttpClient http)
    {
        public HttpClient Http => http;
    }

    private sealed class Ok : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => Task.FromResult(new HttpResponseMessage());
    }

    private sealed class Spy(List<string> seen) : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            seen.AddRange(request.Headers.GetValues("X-Gateway-Key"));
            return base.SendAsync(request, cancellationToken);
        }
    }

    private sealed class Hostile(bool hangs) : ClientAuthentication
    {
        public override string Method => "hostile";

        public override async ValueTask WriteAsync(AuthorizationServerRequest attempt, CancellationToken cancellationToken)
        {
            await (hangs ? Task.Delay(Timeout.Infinite, CancellationToken.None) : Task.CompletedTask);
            throw new InvalidOperationException("canary");
        }
    }
}
