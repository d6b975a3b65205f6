using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Transport;

/// <summary>Errors of a logical address name the address that it was resolved to.</summary>
public sealed class ResolvedAddressTests
{
    [Fact]
    [Trait("Req", "R-341")]
    public async Task Closed_port_of_a_resolved_address_is_no_proxy()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        string message = await FailAsync($"http://127.0.0.1:{port}", new SocketsHttpHandler());
        Assert.DoesNotContain("proxy", message, StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Req", "R-341")]
    [InlineData("407 Proxy Authentication Required")]
    [InlineData("502 Bad Gateway")]
    [InlineData("403 Forbidden")]
    public async Task Refusal_of_a_proxy_before_a_resolved_address_names_real_things(string status)
    {
        using RawServer proxy = RawServer.Responding(status);
        using SocketsHttpHandler handler = new() { Proxy = new WebProxy($"http://127.0.0.1:{proxy.Port}") };
        string message = await FailAsync("https://identity.example.com", handler);
        Assert.DoesNotContain("HTTPS+HTTP_PROXY", message, StringComparison.Ordinal);
        Assert.DoesNotContain(":-1", message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-341")]
    public async Task Http_400_page_of_a_resolved_http_address_does_not_blame_the_certificate()
    {
        using RawServer server = RawServer.Responding("400 Bad Request", "text/html", "<title>x</title>");
        string message = await FailAsync($"http://127.0.0.1:{server.Port}", new SocketsHttpHandler());
        Assert.DoesNotContain("CertificateFile", message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-341")]
    public async Task Own_resolving_handler_that_leaves_the_resolved_address_works()
    {
        ServiceCollection services = new();
        TestProvider.AddClient(services, "", o => o.TokenEndpoint = "https+http://identity/token");
        services.AddTransient<Resolver>();
        services.AddHttpClient(TokenClient.HttpClientName).AddHttpMessageHandler<Resolver>()
            .ConfigurePrimaryHttpMessageHandler(() => new Echo());
        await using ServiceProvider built = services.BuildServiceProvider();
        Assert.Equal("abc", (await built.GetRequiredService<ITokenProvider>().GetTokenAsync()).Value);
    }

    private static async Task<string> FailAsync(string endpoint, HttpMessageHandler primary)
    {
        ServiceCollection services = new();
        string key = endpoint.StartsWith("https", StringComparison.Ordinal) ? "services:identity:https:0" : "services:identity:http:0";
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder()
            .AddInMemoryCollection(new Dictionary<string, string?> { [key] = endpoint }).Build());
        services.AddServiceDiscovery();
        TestProvider.AddClient(services, "", o => o.TokenEndpoint = "https+http://identity/token");
        services.ConfigureHttpClientDefaults(http => http.AddServiceDiscovery());
        services.AddHttpClient(TokenClient.HttpClientName).ConfigurePrimaryHttpMessageHandler(() => primary);
        await using ServiceProvider built = services.BuildServiceProvider();
        return (await Assert.ThrowsAsync<TokenRequestException>(
            async () => await built.GetRequiredService<ITokenProvider>().GetTokenAsync())).Message;
    }

    private sealed class Resolver : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.RequestUri = new("https://10.0.0.7/token");
            return base.SendAsync(request, cancellationToken);
        }
    }

    private sealed class Echo : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            HttpResponseMessage response = Respond.Token("abc", 3600);
            response.RequestMessage = request;
            return Task.FromResult(response);
        }
    }
}
