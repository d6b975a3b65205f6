using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials.Tests.Infrastructure;
using OAuthClientCredentials.Transport;

namespace OAuthClientCredentials.Tests.Transport;

/// <summary>An authorization server with a logical address, which service discovery resolves when a request is sent.</summary>
[Trait("Req", "R-341")]
public sealed class LogicalAddressTests : IAsyncLifetime
{
    private const string Authority = "https+http://identity/realms/shop";

    private LoopbackServer _server = null!;
    private string? _issuer;

    public async Task InitializeAsync() => _server = await LoopbackServer.StartAsync(RespondAsync);

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Theory]
    [InlineData("https+http://identity/token", "defaults")]
    [InlineData("https+http://identity/token", "token client")]
    [InlineData("http+https://_internal.identity/token", "defaults")]
    public async Task Token_endpoint_is_resolved_by_service_discovery(string endpoint, string place)
    {
        await using ServiceProvider services = Services(_server.Address, options => options.TokenEndpoint = endpoint, place);
        Assert.Equal("token-1", await GetAsync(services));
        RecordedRequest request = Assert.Single(_server.Requests);
        Assert.Equal(("POST", "/token"), (request.Method, request.Target));
    }

    [Fact]
    [Trait("Req", "R-181")]
    public async Task Authority_is_resolved_and_its_resolved_address_is_the_issuer()
    {
        _issuer = new Uri(_server.Address, "realms/shop").ToString();
        await using ServiceProvider services = Services(_server.Address, Discover);
        Assert.Equal("token-1", await GetAsync(services));
    }

    [Theory]
    [Trait("Req", "R-181")]
    [InlineData("https://elsewhere.example.com/realms/shop")]
    [InlineData(Authority)]
    public async Task Metadata_of_a_resolved_authority_with_another_issuer_is_refused(string issuer)
    {
        _issuer = issuer;
        await using ServiceProvider services = Services(_server.Address, Discover);
        TokenRequestException error = await Assert.ThrowsAsync<TokenRequestException>(() => GetAsync(services));
        Assert.Contains($"it names the issuer '{issuer}'", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(_server.Requests, request => request.Method == "POST");
    }

    [Theory]
    [InlineData("TokenEndpoint")]
    [InlineData("Authority")]
    public async Task Address_that_no_handler_resolves_is_refused(string option)
    {
        Action<ClientCredentialsOptions> configure = options => options.TokenEndpoint = "https+http://identity/token";
        await using ServiceProvider services = Services(_server.Address, option == "Authority" ? Discover : configure, "nowhere");
        TokenRequestException error = await Assert.ThrowsAsync<TokenRequestException>(() => GetAsync(services));
        Assert.Contains("nothing was sent, because no handler resolved its logical address", error.Message, StringComparison.Ordinal);
        Assert.Contains("AddServiceDiscovery()", error.Message, StringComparison.Ordinal);
        Assert.False(error.IsTransient);
    }

    [Theory]
    [Trait("Req", "R-003")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Address_that_is_resolved_to_plain_http_needs_AllowInsecureHttp(bool isAllowed)
    {
        int sent = 0;
        await using ServiceProvider services = Services(
            new("http://identity.internal"),
            options =>
            {
                options.TokenEndpoint = "https+http://identity/token";
                options.AllowInsecureHttp = isAllowed;
            },
            primary: new StubHandler(_ =>
            {
                sent++;
                return Respond.Token("abc", 3600);
            }));
        Exception? refused = await Record.ExceptionAsync(() => GetAsync(services));
        Assert.Equal(isAllowed ? 1 : 0, sent);
        Assert.Equal(isAllowed, refused is null);
        if (!isAllowed)
        {
            string message = Assert.IsType<TokenRequestException>(refused).Message;
            Assert.Contains("resolved to http://identity.internal, which is neither https nor loopback", message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Provider_without_dependency_injection_resolves_no_address()
    {
        using StubHandler handler = new(_ => Respond.Token("abc", 3600));
        await using TokenProvider tokens = TokenProvider.Create(
            options =>
            {
                TestProvider.Configure(options);
                options.TokenEndpoint = "https+http://identity/token";
            },
            handler);
        TokenRequestException error = await Assert.ThrowsAsync<TokenRequestException>(async () => await tokens.GetTokenAsync());
        Assert.Contains("no handler resolved its logical address", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Req", "R-182")]
    [InlineData("https+http://identity/token")]
    [InlineData("http+https://identity/token")]
    public void Address_in_metadata_is_not_logical(string address)
    {
        Assert.Equal("must be an absolute https address", EndpointRules.Check(address, PlainHttp.Everywhere));
        Assert.Null(EndpointRules.CheckConfigured(address, PlainHttp.Loopback));
    }

    private static void Discover(ClientCredentialsOptions options) => (options.Authority, options.TokenEndpoint) = (Authority, null);

    private static async Task<string> GetAsync(ServiceProvider services) =>
        (await services.GetRequiredService<ITokenProvider>().GetTokenAsync("orders", CancellationToken.None)).Value;

    private static ServiceProvider Services(
        Uri endpoint,
        Action<ClientCredentialsOptions> configure,
        string place = "defaults",
        HttpMessageHandler? primary = null)
    {
        ServiceCollection services = new();
        string[] keys = ["services:identity:http:0", "services:identity:internal:0"];
        IEnumerable<KeyValuePair<string, string?>> endpoints = keys.Select(key => KeyValuePair.Create(key, (string?)$"{endpoint}"));
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(endpoints).Build());
        services.AddServiceDiscovery();
        TestProvider.AddClient(services, "orders", configure);
        IHttpClientBuilder tokenClient = services.AddHttpClient(TokenClient.HttpClientName);
        if (primary is not null)
        {
            tokenClient.ConfigurePrimaryHttpMessageHandler(() => primary);
        }

        if (place == "defaults")
        {
            services.ConfigureHttpClientDefaults(builder => builder.AddServiceDiscovery());
        }
        else if (place == "token client")
        {
            tokenClient.AddServiceDiscovery();
        }

        return services.BuildServiceProvider();
    }

    private Task RespondAsync(HttpContext context)
    {
        if (context.Request.Method == "POST")
        {
            return context.Response.WriteAsync("""{"access_token":"token-1","token_type":"Bearer","expires_in":3600}""");
        }

        string endpoint = new Uri(_server.Address, "token").ToString();
        return context.Response.WriteAsync($$"""{"issuer":"{{_issuer}}","token_endpoint":"{{endpoint}}"}""");
    }
}
