using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials.HttpClients;
using OAuthClientCredentials.Tests.Infrastructure;
using OAuthClientCredentials.Transport;

namespace OAuthClientCredentials.Tests.Transport;

/// <summary>A primary handler that all HttpClients of an application share is the same afterwards.</summary>
public sealed class SharedHandlerTests
{
    [Theory]
    [Trait("Req", "R-358")]
    [InlineData("sockets", false)]
    [InlineData("sockets", true)]
    [InlineData("classic", false)]
    [InlineData("classic", true)]
    public async Task A_shared_handler_keeps_its_redirects_and_cookies(string kind, bool isStarted)
    {
        await using LoopbackServer server = await LoopbackServer.StartAsync(RespondAsync);
        using HttpMessageHandler shared = Create(kind);
        await using ServiceProvider services = Build(server, shared);
        HttpClient other = services.GetRequiredService<IHttpClientFactory>().CreateClient("other");
        if (isStarted)
        {
            await other.GetStringAsync(new Uri(server.Address, "/redirect"));
        }

        Assert.Equal("token", (await services.GetRequiredService<ITokenProvider>().GetTokenAsync()).Value);
        Assert.Equal("session=1", await other.GetStringAsync(new Uri(server.Address, "/redirect")));
    }

    [Theory]
    [Trait("Req", "R-358")]
    [InlineData(TokenClient.HttpClientName, "sockets")]
    [InlineData(TokenClient.HttpClientName, "classic")]
    [InlineData("api", "sockets")]
    [InlineData("api", "classic")]
    public async Task A_shared_handler_shows_no_certificate_of_a_client(string httpClientName, string kind)
    {
        using X509Certificate2 certificate = Certificates.Create();
        await using LoopbackServer server = await LoopbackServer.StartAsync(RespondAsync);
        using HttpMessageHandler shared = Create(kind);
        await using ServiceProvider services = Build(server, shared);
        services.GetRequiredService<CertificateHttpClients>().CreateClient(httpClientName, new TlsCertificate(certificate, [])).Dispose();
        Assert.Null((shared as SocketsHttpHandler)?.SslOptions.ClientCertificateContext);
        Assert.Empty((shared as HttpClientHandler)?.ClientCertificates ?? []);
    }

    [Fact]
    [Trait("Req", "R-358")]
    public async Task A_handler_that_you_pass_to_Create_keeps_its_settings_and_can_be_used_after_the_provider()
    {
        await using LoopbackServer server = await LoopbackServer.StartAsync(RespondAsync);
        using SocketsHttpHandler yours = new();
        await using (TokenProvider provider = TokenProvider.Create(options => Configure(options, server), yours))
        {
            await provider.GetTokenAsync();
        }

        using HttpClient other = new(yours, disposeHandler: false);
        Assert.Equal("session=1", await other.GetStringAsync(new Uri(server.Address, "/redirect")));
    }

    [Fact]
    [Trait("Req", "R-358")]
    public async Task A_handler_around_a_shared_one_gets_a_copy_of_it()
    {
        await using LoopbackServer server = await LoopbackServer.StartAsync(RespondAsync);
        using SocketsHttpHandler shared = new();
        using Outer outer = new() { InnerHandler = new Outer { InnerHandler = shared } };
        await using TokenProvider provider = TokenProvider.Create(options => Configure(options, server), outer);
        await provider.GetTokenAsync();
        using HttpClient other = new(shared, disposeHandler: false);
        Assert.Equal("session=1", await other.GetStringAsync(new Uri(server.Address, "/redirect")));
        using HttpClient ours = new(outer, disposeHandler: false);
        using HttpResponseMessage redirect = await ours.GetAsync(new Uri(server.Address, "/redirect"));
        Assert.Equal(HttpStatusCode.Redirect, redirect.StatusCode);
    }

    [Fact]
    [Trait("Req", "R-358")]
    public async Task A_handler_around_another_one_is_used_again_after_the_rotation_of_handlers()
    {
        await using LoopbackServer server = await LoopbackServer.StartAsync(RespondAsync);
        using Outer outer = new() { InnerHandler = new SocketsHttpHandler() };
        for (int provider = 0; provider < 3; provider++)
        {
            await using ServiceProvider services = Build(server, outer);
            await services.GetRequiredService<ITokenProvider>().GetTokenAsync();
        }

        Assert.Equal(3, server.Requests.Count);
    }

    [Fact]
    [Trait("Req", "R-358")]
    public async Task A_certificate_is_shown_by_a_handler_inside_another_one()
    {
        using X509Certificate2 certificate = Certificates.Create();
        await using LoopbackServer server = await LoopbackServer.StartAsync(RespondAsync);
        using Outer outer = new() { InnerHandler = new SocketsHttpHandler() };
        await using ServiceProvider services = Build(server, outer);
        services.GetRequiredService<CertificateHttpClients>()
            .CreateClient(TokenClient.HttpClientName, new TlsCertificate(certificate, [])).Dispose();
        SocketsHttpHandler transport = Assert.IsType<SocketsHttpHandler>(outer.InnerHandler);
        Assert.NotNull(transport.SslOptions.ClientCertificateContext);
        Assert.False(transport.AllowAutoRedirect);
    }

    [Theory]
    [Trait("Req", "R-358")]
    [InlineData("derived", nameof(Derived))]
    [InlineData("started", nameof(Outer))]
    public async Task A_handler_that_cannot_be_copied_is_refused_with_the_reason(string kind, string type)
    {
        await using LoopbackServer server = await LoopbackServer.StartAsync(RespondAsync);
        using HttpMessageHandler shared = Create(kind);
        if (kind == "started")
        {
            using HttpClient other = new(shared, disposeHandler: false);
            await other.GetStringAsync(server.Address);
            server.Requests.Clear();
        }

        await using ServiceProvider services = Build(server, shared);
        TokenRequestException exception = await Assert.ThrowsAsync<TokenRequestException>(
            async () => await services.GetRequiredService<ITokenProvider>().GetTokenAsync());
        Assert.Contains($"no request was sent. The primary handler of the token HttpClient is a {type}, which", exception.Message);
        Assert.Contains("It cannot be copied, and it is not changed, because other HttpClients may share it.", exception.Message);
        Assert.False(exception.IsTransient);
        InvalidOperationException fromCreate = Assert.Throws<UnsafeHandlerException>(
            () => TokenProvider.Create(options => Configure(options, server), shared));
        Assert.Contains(fromCreate.Message, exception.Message, StringComparison.Ordinal);
        Assert.Empty(server.Requests);
    }

    [Fact]
    [Trait("Req", "R-358")]
    public async Task A_handler_that_cannot_be_copied_is_used_if_it_follows_no_redirects()
    {
        await using LoopbackServer server = await LoopbackServer.StartAsync(RespondAsync);
        using Derived shared = new() { AllowAutoRedirect = false, UseCookies = false };
        await using ServiceProvider services = Build(server, shared);
        await services.GetRequiredService<ITokenProvider>().GetTokenAsync();
        Assert.Equal(1, shared.Count);
    }

    private static ServiceProvider Build(LoopbackServer server, HttpMessageHandler shared)
    {
        ServiceCollection services = new();
        services.AddClientCredentials(options => Configure(options, server));
        services.ConfigureHttpClientDefaults(http => http.ConfigurePrimaryHttpMessageHandler(_ => shared));
        return services.BuildServiceProvider();
    }

    private static void Configure(ClientCredentialsOptions options, LoopbackServer server)
    {
        TestProvider.Configure(options);
        options.TokenEndpoint = new Uri(server.Address, "/token").ToString();
    }

    private static HttpMessageHandler Create(string kind) => kind switch
    {
        "sockets" => new SocketsHttpHandler(),
        "classic" => new HttpClientHandler(),
        "derived" => new Derived(),
        _ => new Outer { InnerHandler = new SocketsHttpHandler() },
    };

    private static Task RespondAsync(HttpContext context)
    {
        switch (context.Request.Path.Value)
        {
            case "/token":
                return context.Response.WriteAsync("""{"access_token":"token","token_type":"Bearer","expires_in":3600}""");
            case "/redirect":
                context.Response.Headers.SetCookie = "session=1; Path=/";
                context.Response.Redirect("/target");
                return Task.CompletedTask;
            default:
                return context.Response.WriteAsync($"{context.Request.Headers.Cookie}");
        }
    }

    private sealed class Derived : HttpClientHandler
    {
        public int Count { get; private set; }

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Count++;
            return base.SendAsync(request, cancellationToken);
        }
    }

    private sealed class Outer : DelegatingHandler;
}
