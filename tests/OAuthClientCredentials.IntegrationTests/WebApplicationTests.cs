using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using OAuthClientCredentials.IntegrationTests.Canaries;
using OAuthClientCredentials.Testing;

namespace OAuthClientCredentials.IntegrationTests;

/// <summary>The test server behind a web application whose own code does not refer to tests.</summary>
public sealed class WebApplicationTests : CanaryTests
{
    [Fact]
    [Trait("Req", "R-331")]
    public async Task A_WebApplicationFactory_puts_the_test_server_behind_the_application()
    {
        TestAuthorizationServer server = new();
        server.AddClient("shop", Canary.Marker);
        int number = 0;
        server.Always(_ => TestResponse.Token(value: $"{Canary.Marker}-{++number}"));
        TestApi api = server.CreateApi(_ => new HttpResponseMessage { Content = new StringContent("42 orders") });
        await using App app = new();
        await using WebApplicationFactory<App> tested = app.WithWebHostBuilder(host => host.ConfigureTestServices(services =>
            services.UseTestAuthorizationServer(server).UseTestApi("orders", api)));
        using HttpClient browser = tested.CreateClient();
        Assert.Equal("42 orders", await browser.GetStringAsync("/"));
        server.RevokeTokens();
        Assert.Equal("42 orders", await browser.GetStringAsync("/"));
        server.Verify(2);
    }

    /// <summary>An application as the first snippet of README shows it.</summary>
    public sealed class App : WebApplicationFactory<App>
    {
        protected override IHost CreateHost(IHostBuilder builder) => base.CreateHost(builder.UseContentRoot(AppContext.BaseDirectory));

        protected override IHostBuilder CreateHostBuilder() => Host.CreateDefaultBuilder().ConfigureWebHostDefaults(web => web
            .ConfigureLogging(logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(Canary.Listeners.Logger))
            .ConfigureServices(services =>
            {
                services.AddClientCredentials("orders", options =>
                {
                    options.Authority = "https://id.example.com";
                    options.ClientId = "shop";
                    options.ClientSecret = Canary.Marker;
                });
                services.AddHttpClient("orders", client => client.BaseAddress = new("https://orders.example.com"))
                    .AddClientCredentialsHandler("orders");
            })
            .Configure(application => application.Run(RespondAsync)));

        private static async Task RespondAsync(HttpContext context)
        {
            HttpClient orders = context.RequestServices.GetRequiredService<IHttpClientFactory>().CreateClient("orders");
            await context.Response.WriteAsync(await orders.GetStringAsync("/"));
        }
    }
}
