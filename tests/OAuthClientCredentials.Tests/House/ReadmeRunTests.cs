using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.House;

/// <summary>Each block of code on the main page that talks to a server is run.</summary>
public sealed class ReadmeRunTests : PageRunTests
{
    private static readonly string[] Pages = ["README.md", "samples/Recipes/README.md", .. Repository.Files("src", "README.md")];

    /// <summary>
    /// The health check requests nothing. McpSessionTests of the integration tests runs the calls of the MCP block against the server of
    /// the MCP SDK. The sample Fleet runs the registration of the shared cache on Redis. The one on SQL Server is only compiled.
    /// </summary>
    private static readonly string[] RunElsewhere =
    [
        "README.md: Health check",
        "README.md: MCP servers",
        "src/OAuthClientCredentials.Distributed/README.md: Redis",
        "src/OAuthClientCredentials.Distributed/README.md: SQL Server",
    ];

    private static readonly string[] Tests = ["ReadmeRunTests", "PackagePageRunTests", "AssertionRecipeTests"];

    [Fact]
    [Trait("Req", "R-367")]
    public void Each_block_is_run()
    {
        string tests = string.Concat(Tests.Select(name => Repository.Read($"tests/OAuthClientCredentials.Tests/House/{name}.cs")));
        Snippet[] blocks = [.. Pages.SelectMany(Snippet.On).Where(snippet => snippet.Language == "csharp")];
        Assert.InRange(blocks.Length, 20, int.MaxValue);
        Assert.All(
            blocks.Select(block => block.Key).Except(RunElsewhere),
            key => Assert.Contains($"\"{key}\"", tests, StringComparison.Ordinal));
    }

    [Theory]
    [Trait("Req", "R-367")]
    [InlineData("README.md: Quick start")]
    [InlineData("src/OAuthClientCredentials/README.md: OAuthClientCredentials")]
    public async Task Registration_in_code_gets_a_token_and_calls_the_API(string key)
    {
        await Printed(key).RunAsync(Services, Settings(("Orders:Secret", "secret")));
        await CallAsync("orders");
        Server.Verify(1, request => request.Used("secret") && request.Scopes.Contains("orders.read"));
        Assert.Equal((1, 0), (Api.Calls, Api.Unauthorized));
    }

    [Fact]
    [Trait("Req", "R-367")]
    public async Task Web_application_calls_the_API_for_its_caller()
    {
        await using HostSnippet host = await HostSnippet.StartAsync(
            Printed("README.md: ASP.NET Core"), "--urls=http://127.0.0.1:0", "--Orders:Secret=secret", $"--contentRoot={Folder}");
        IServer server = host.Services.GetRequiredService<IServer>();
        using HttpClient caller = new();
        await caller.GetStringAsync(server.Features.Get<IServerAddressesFeature>()!.Addresses.First());
        Server.Verify(1, request => request.Used("secret"));
        Assert.Equal((1, 0), (Api.Calls, Api.Unauthorized));
    }

    [Fact]
    [Trait("Req", "R-367")]
    public async Task Worker_reads_its_configuration_and_calls_the_API()
    {
        const string Key = "README.md: A worker, from configuration";
        string settings = Snippet.Of(Key, "json")
            .With(Authority, ServerAddress)
            .With("/run/secrets/orders", Write("orders", "secret\n"))
            .Code;
        Write("appsettings.json", settings);
        await using HostSnippet host = await HostSnippet.StartAsync(Snippet.Of(Key).With(OrdersApi, ApiAddress), $"--contentRoot={Folder}");
        await Eventually.True(() => Api.Calls == 1);
        Server.Verify(1, request => request.Used("secret") && request.Scopes.Contains("orders.read"));
        Assert.Equal(0, Api.Unauthorized);
    }

    [Fact]
    [Trait("Req", "R-367")]
    public async Task Provider_and_handler_without_dependency_injection_work()
    {
        await Printed("README.md: Without dependency injection").RunAsync();
        Assert.Equal(0, Api.Calls);
        await Printed("README.md: Without dependency injection 2").RunAsync();
        Server.Verify(2, request => request.Used("secret"));
        Assert.Equal((1, 0), (Api.Calls, Api.Unauthorized));
    }

    [Fact]
    [Trait("Req", "R-367")]
    public async Task Clients_share_what_is_set_for_all()
    {
        Use(("ClientCredentials:orders:ClientId", "shop"), ("ClientCredentials:orders:ClientSecret", "secret"));
        await Printed("README.md: Many clients and tenants").RunAsync(Services);
        await GetTokenAsync("orders");
        Server.Verify(1, request => request.ClientId == "shop");
    }

    [Fact]
    [Trait("Req", "R-367")]
    public async Task Tenant_gets_a_token_with_its_own_credential()
    {
        Use();
        Write("tenant-7", "secret of 7");
        await Printed("README.md: Many clients and tenants 2").With("/run/secrets/", $"{Folder.Replace('\\', '/')}/").RunAsync(Services);
        await GetTokenAsync("tenant-7");
        Server.Verify(1, request => request.ClientId == "tenant-7" && request.Used("secret of 7"));
    }

    [Fact]
    [Trait("Req", "R-367")]
    public async Task Token_request_goes_through_the_proxy_with_the_user_agent()
    {
        string? userAgent = null;
        await using LoopbackServer proxy = await LoopbackServer.StartAsync(context =>
        {
            userAgent = context.Request.Headers.UserAgent;
            return context.Response.WriteAsync("""{"access_token":"abc","token_type":"Bearer","expires_in":3600}""");
        });
        Use(
            ("ClientCredentials:TokenEndpoint", "http://behind-the-proxy.example.com/token"),
            ("ClientCredentials:AllowInsecureHttp", "true"),
            ("ClientCredentials:ClientId", "shop"), ("ClientCredentials:ClientSecret", "secret"));
        await Snippet.Of("README.md: Proxies, private CAs and gateways").With("http://proxy.example.com:3128", $"{proxy.Address}")
            .RunAsync(Services);
        await GetTokenAsync("");
        Assert.Equal("behind-the-proxy.example.com", Assert.Single(proxy.Requests).Host);
        Assert.StartsWith("shop/1.0", userAgent, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-367")]
    public async Task The_private_CA_block_works_without_revocation_lists()
    {
        using TestAuthority ca = new("private");
        await using LoopbackServer tokens = await LoopbackServer.StartAsync(
            context => context.Response.WriteAsync("""{"access_token":"abc-1","token_type":"Bearer","expires_in":3600}"""),
            https: ca.ForServer());
        await using LoopbackServer orders = await LoopbackServer.StartAsync(_ => Task.CompletedTask, https: ca.ForServer());
        Use(
            ("ClientCredentials:orders:TokenEndpoint", $"{tokens.Address}token"), ("ClientCredentials:orders:ClientId", "shop"),
            ("ClientCredentials:orders:ClientSecret", "secret"));
        await Snippet.Of("README.md: Proxies, private CAs and gateways 2")
            .With("/etc/pki/private-ca.crt", Write("private-ca.crt", ca.Root.ExportCertificatePem()))
            .With(OrdersApi, $"{orders.Address}")
            .RunAsync(Services);
        await CallAsync("orders");
        Assert.Equal(1, Assert.Single(orders.Requests).Token);
    }

    [Fact]
    [Trait("Req", "R-367")]
    public async Task Token_goes_to_the_allowed_origin_and_to_no_other()
    {
        TestProvider.AddClient(Services, "orders", options => options.TokenEndpoint = $"{ServerAddress}token");
        await Snippet.Of("README.md: Allowed origins").With("https://stock.example.com", ApiAddress).RunAsync(Services);
        await CallAsync("stock", ApiAddress);
        await Assert.ThrowsAsync<OriginNotAllowedException>(() => CallAsync("stock", "http://127.0.0.1:9/"));
        Assert.Equal((1, 0), (Api.Calls, Api.Unauthorized));
    }

    [Fact]
    [Trait("Req", "R-367")]
    public async Task Request_asks_for_its_own_scopes()
    {
        TestProvider.AddClient(Services, "orders", options => options.TokenEndpoint = $"{ServerAddress}token");
        Services.AddHttpClient("orders", client => client.BaseAddress = new(ApiAddress)).AddClientCredentialsHandler("orders");
        await using ServiceProvider provider = Services.BuildServiceProvider();
        using HttpClient client = provider.GetRequiredService<IHttpClientFactory>().CreateClient("orders");
        await Snippet.Of("README.md: Per-request scopes and clients").RunAsync(httpClient: client);
        Server.Verify(1, request => request.Scopes.SequenceEqual(["orders.write"]));
        Assert.Equal((1, 0), (Api.Calls, Api.Unauthorized));
    }

    [Fact]
    [Trait("Req", "R-367")]
    public async Task Your_code_renews_a_token_and_describes_the_status()
    {
        TestProvider.AddClient(Services, "orders", options => options.TokenEndpoint = $"{ServerAddress}token");
        await using ServiceProvider provider = Services.BuildServiceProvider();
        TokenProvider tokens = provider.GetRequiredService<TokenProvider>();
        AccessToken rejected = await tokens.GetTokenAsync("orders");
        Type type = Snippet.Of("README.md: Your own code (ITokenProvider)").LoadType();
        object orders = Activator.CreateInstance(type, tokens)!;
        AccessToken renewed = await (ValueTask<AccessToken>)type.GetMethod("ReplaceAsync")!.Invoke(orders, [rejected])!;
        Assert.NotEqual(rejected.Value, renewed.Value);
        Assert.StartsWith("Fresh, valid until ", (string)type.GetMethod("Describe")!.Invoke(orders, null)!, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-367")]
    public async Task Your_authentication_writes_its_header()
    {
        string? key = null;
        await using LoopbackServer server = await LoopbackServer.StartAsync(context =>
        {
            key = context.Request.Headers["X-Client-Key"];
            return context.Response.WriteAsync("""{"access_token":"abc","token_type":"Bearer","expires_in":3600}""");
        });
        await Snippet.Of("README.md: Extending").With($"{Authority}/", $"{server.Address}")
            .With("/run/secrets/orders", Write("orders", "secret\n")).RunAsync(Services);
        await GetTokenAsync("orders");
        Assert.Equal(("secret", "grant_type=client_credentials&client_id=shop"), (key, Assert.Single(server.Requests).Text));
    }

    /// <summary>The block ends without a call, so the test adds the one that the main page shows.</summary>
}
