using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Testing;

/// <summary>The Testing package behind an application's registration: nothing hangs, and nothing leaves the machine.</summary>
public sealed class TestRegistrationTests
{
    private static readonly Uri Orders = new("https://orders.example.com");

    public static TheoryData<string, Action<ClientCredentialsOptions>> Credentials => new()
    {
        { "nothing", _ => { } },
        { "secret", options => (options.ClientId, options.ClientSecret) = ("shop", "secret") },
        { "secret file", options => options.ClientSecretFile = "/missing/secret" },
        { "none", options => options.AuthenticationMethod = "none" },
        { "key", options => options.PrivateKey = "not a key" },
        { "key file", options => (options.PrivateKeyFile, options.KeyAlgorithm) = ("/missing/key", "ES256") },
        { "assertion file", options => options.ClientAssertionFile = "/missing/assertion" },
        { "assertion", options => options.UseClientAssertion(_ => throw new InvalidOperationException("no platform")) },
        { "certificate file", options => options.CertificateFile = "/missing/certificate" },
        { "bound", options => (options.CertificateFile, options.CertificateBoundTokens) = ("/missing/certificate", true) },
        { "thumbprint", options => options.CertificateThumbprint = new string('a', 40) },
        { "certificate", options => options.UseCertificate(_ => throw new InvalidOperationException("no vault")) },
        { "method", options => options.AuthenticationMethod = "private_key_jwt" },
        { "authority", options => options.Authority = "https://id.example.com" },
    };

    [Theory]
    [Trait("Req", "R-331")]
    [MemberData(nameof(Credentials))]
    public async Task Fake_token_needs_no_credential_of_the_client(string name, Action<ClientCredentialsOptions> configure)
    {
        using StubHandler echo = new(request => new() { Content = new StringContent($"{request.Headers.Authorization}") });
        ServiceCollection services = new();
        services.AddClientCredentials("orders", configure);
        services.AddHttpClient("orders", client => client.BaseAddress = Orders)
            .AddClientCredentialsHandler("orders")
            .ConfigurePrimaryHttpMessageHandler(() => echo);
        services.AddSingleton<ISharedTokenCache>(_ => throw new InvalidOperationException("no network"));
        services.UseFakeAccessToken();
        await using ServiceProvider provider = services.BuildServiceProvider();
        provider.GetRequiredService<IStartupValidator>().Validate();
        HttpClient orders = provider.GetRequiredService<IHttpClientFactory>().CreateClient("orders");
        Assert.Equal((name, "Bearer fake-token"), (name, await orders.GetStringAsync("/")));
    }

    [Fact]
    [Trait("Req", "R-331")]
    public async Task Outage_ends_at_once_with_the_typed_error_while_the_clock_stands_still()
    {
        TestTimeProvider time = new();
        TestAuthorizationServer server = new(time);
        await using ServiceProvider provider = AddOrders()
            .UseTestAuthorizationServer(server)
            .UseTestApi("orders", server.CreateApi())
            .BuildServiceProvider();
        HttpClient orders = provider.GetRequiredService<IHttpClientFactory>().CreateClient("orders");
        server.Outage();
        Task<string> call = orders.GetStringAsync("/");
        Assert.True(await Eventually.CompletesAsync(call));
        TokenRequestException exception = await Assert.ThrowsAsync<TokenRequestException>(() => call);
        Assert.Equal((true, 1), (exception.IsTransient, exception.Attempts));
        server.Recover();
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal("", await orders.GetStringAsync("/"));
        server.Verify(2);
    }

    [Fact]
    [Trait("Req", "R-331")]
    public async Task A_response_that_throws_ends_the_call_on_a_port()
    {
        await using TestAuthorizationServer server = new();
        server.Always(_ => throw new InvalidOperationException("a mistake in the test"));
        using HttpClient client = new() { Timeout = TimeSpan.FromSeconds(5) };
        await Assert.ThrowsAsync<HttpRequestException>(() => client.PostAsync(server.Listen(), null));
    }

    [Fact]
    [Trait("Req", "R-331")]
    public void UseTestApi_for_an_unknown_HttpClient_is_an_error_that_lists_the_known_ones()
    {
        TestApi api = new TestAuthorizationServer().CreateApi();
        IServiceCollection services = AddOrders();
        services.AddHttpClient<OrdersClient>();
        services.AddHttpClient("late").ConfigureHttpClient((_, client) => client.BaseAddress = Orders);
        services.AddKeyedSingleton("key", "a keyed service");
        foreach (string known in (string[])["orders", nameof(OrdersClient), "late"])
        {
            services.UseTestApi(known, api);
        }

        foreach (string unknown in (string[])["order", "Orders", "shop", "", TokenClient.HttpClientName])
        {
            ArgumentException exception = Assert.Throws<ArgumentException>(() => services.UseTestApi(unknown, api));
            Assert.Contains($"no HttpClient '{unknown}'", exception.Message, StringComparison.Ordinal);
            Assert.Contains("Known HttpClients: 'OrdersClient', 'late', 'orders'.", exception.Message, StringComparison.Ordinal);
        }

        ArgumentException none = Assert.Throws<ArgumentException>(() => new ServiceCollection().UseTestApi("orders", api));
        Assert.Contains("Known HttpClients: none.", none.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-331")]
    public async Task Server_and_API_listen_on_ports_with_revocation_and_rotation()
    {
        await using TestAuthorizationServer server = new();
        TestClient shop = server.AddClient("shop", "old");
        TestApi api = server.CreateApi(request => new() { Content = new StringContent($"{request.Headers.Accept}") });
        Uri issuer = server.Listen(FreePort());
        Uri address = api.Listen(FreePort());
        Assert.NotEqual(issuer, address);
        using TemporaryFile secret = new("old");
        ServiceCollection services = new();
        services.AddClientCredentials("shop", options =>
            (options.Authority, options.ClientId, options.ClientSecretFile) = ($"{issuer}", "shop", secret.Path));
        services.AddHttpClient("orders", client => client.BaseAddress = address).AddClientCredentialsHandler("shop");
        await using ServiceProvider provider = services.BuildServiceProvider();
        HttpClient orders = provider.GetRequiredService<IHttpClientFactory>().CreateClient("orders");
        orders.DefaultRequestHeaders.Accept.ParseAdd("text/csv");
        Assert.Equal("text/csv", await orders.GetStringAsync("/"));
        shop.AddSecret("new").RemoveSecret("old");
        secret.Write("new");
        server.RevokeTokens();
        Assert.Equal("text/csv", await orders.GetStringAsync("/"));
        Assert.Equal((3, 1), (api.Calls, api.Unauthorized));
        server.Verify(1, request => request.Used("new"));
    }

    [Fact]
    [Trait("Req", "R-331")]
    public async Task Ports_are_closed_when_the_server_is_disposed()
    {
        TestAuthorizationServer server = new();
        Uri address = server.CreateApi().Listen();
        using HttpClient client = new();
        Assert.Equal(System.Net.HttpStatusCode.Unauthorized, (await client.GetAsync(address)).StatusCode);
        await server.DisposeAsync();
        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync(address));
    }

    private static IServiceCollection AddOrders()
    {
        ServiceCollection services = new();
        services.AddClientCredentials("shop", options =>
            (options.TokenEndpoint, options.ClientId, options.ClientSecret) = (TestProvider.TokenEndpoint, "shop", "secret"));
        services.AddHttpClient("orders", client => client.BaseAddress = Orders).AddClientCredentialsHandler("shop");
        return services;
    }

    private static int FreePort()
    {
        using System.Net.Sockets.TcpListener probe = new(System.Net.IPAddress.Loopback, 0);
        probe.Start();
        return ((System.Net.IPEndPoint)probe.LocalEndpoint).Port;
    }

    private sealed class OrdersClient(HttpClient http)
    {
        public HttpClient Http => http;
    }
}
