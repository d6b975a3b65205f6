using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using OAuthClientCredentials.Tests.Infrastructure;
using OAuthClientCredentials.Transport;

namespace OAuthClientCredentials.Tests.Transport;

/// <summary>What the transport of token requests may do by itself, over real sockets and as registration builds it.</summary>
[Collection(nameof(Alone))]
public sealed class TokenTransportTests
{
    private const int Limit = 4096;

    private static readonly (bool Redirects, bool Cookies, DecompressionMethods Methods) Hard = (false, false, DecompressionMethods.None);

    [Fact]
    [Trait("Req", "R-002")]
    [Trait("Req", "R-008")]
    [Trait("Req", "R-009")]
    [Trait("Req", "R-010")]
    public void Own_transport_has_no_redirects_cookies_or_decompression_and_reconnects()
    {
        using SocketsHttpHandler handler = TokenTransport.Create();
        Assert.Equal(Hard, (handler.AllowAutoRedirect, handler.UseCookies, handler.AutomaticDecompression));
        Assert.InRange(handler.PooledConnectionLifetime, TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(5));
    }

    [Theory]
    [Trait("Req", "R-002")]
    [InlineData(true, false, DecompressionMethods.None)]
    [InlineData(false, true, DecompressionMethods.None)]
    [InlineData(false, false, DecompressionMethods.GZip)]
    public void Each_feature_of_a_handler_is_turned_off_alone(bool redirect, bool cookies, DecompressionMethods decompression)
    {
        using SocketsHttpHandler sockets = new() { AllowAutoRedirect = redirect, UseCookies = cookies, MaxResponseDrainSize = 0 };
        using HttpClientHandler classic = new() { AllowAutoRedirect = redirect, UseCookies = cookies };
        (sockets.AutomaticDecompression, classic.AutomaticDecompression) = (decompression, decompression);
        using SocketsHttpHandler hardSockets = Assert.IsType<SocketsHttpHandler>(Harden(sockets));
        using HttpClientHandler hardClassic = Assert.IsType<HttpClientHandler>(Harden(classic));
        Assert.Equal(Hard, (hardSockets.AllowAutoRedirect, hardSockets.UseCookies, hardSockets.AutomaticDecompression));
        Assert.Equal(Hard, (hardClassic.AllowAutoRedirect, hardClassic.UseCookies, hardClassic.AutomaticDecompression));
        Assert.Equal((redirect, cookies, decompression), (sockets.AllowAutoRedirect, sockets.UseCookies, sockets.AutomaticDecompression));
        Assert.Equal((redirect, cookies, decompression), (classic.AllowAutoRedirect, classic.UseCookies, classic.AutomaticDecompression));
    }

    [Theory]
    [Trait("Req", "R-002")]
    [Trait("Req", "R-008")]
    [Trait("Req", "R-009")]
    [InlineData("sockets")]
    [InlineData("classic")]
    [InlineData("delegating")]
    [InlineData("defaults")]
    public async Task Your_handler_follows_no_redirect_keeps_no_cookie_and_asks_for_no_compression(string kind)
    {
        List<string> sent = [];
        await using LoopbackServer other = await LoopbackServer.StartTokenEndpointAsync();
        await using LoopbackServer server = await LoopbackServer.StartAsync(context =>
        {
            sent.Add($"{context.Request.Headers.Cookie}{context.Request.Headers.AcceptEncoding}");
            context.Response.StatusCode = 307;
            context.Response.Headers.Location = new Uri(other.Address, "/token?code=canary").ToString();
            context.Response.Headers.SetCookie = "session=canary; Path=/";
            return Task.CompletedTask;
        });
        await using ServiceProvider services = Build(server, kind);
        await FailAsync(services);
        TokenRequestException exception = await FailAsync(services);
        Assert.Contains("redirect (307)", exception.Message, StringComparison.Ordinal);
        Assert.Contains(other.Address.GetLeftPart(UriPartial.Authority), exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", exception.Message, StringComparison.Ordinal);
        Assert.Equal(["", ""], sent);
        Assert.Empty(other.Requests);
    }

    [Fact]
    [Trait("Req", "R-002")]
    public async Task Handler_of_unknown_type_is_warned_of_and_its_redirect_is_an_error()
    {
        using LogLines log = new();
        using StubHandler handler = new(_ =>
        {
            HttpResponseMessage response = Respond.Token("abc", 60);
            response.RequestMessage = new HttpRequestMessage(HttpMethod.Post, "https://other.example.com/token");
            return response;
        });
        await using TestProvider provider = new(handler: handler, log: log);
        Assert.Contains("redirect", (await provider.FailAsync()).Message, StringComparison.Ordinal);
        string warning = Assert.Single(log.Lines, line => line.StartsWith("Warning 7 ", StringComparison.Ordinal));
        Assert.Contains(nameof(StubHandler), warning, StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Req", "R-010")]
    [InlineData(-0.001, 120)]
    [InlineData(45, 45)]
    public void Connections_of_your_handler_end_after_two_minutes_unless_you_set_a_time(double yours, double expected)
    {
        using SocketsHttpHandler handler = new() { PooledConnectionLifetime = TimeSpan.FromSeconds(yours) };
        using SocketsHttpHandler hard = Assert.IsType<SocketsHttpHandler>(Harden(handler));
        Assert.Equal((expected, 0), (hard.PooledConnectionLifetime.TotalSeconds, hard.MaxResponseDrainSize));
    }

    [Theory]
    [Trait("Req", "R-040")]
    [Trait("Req", "R-041")]
    [InlineData("success")]
    [InlineData("error")]
    [InlineData("discovery")]
    public async Task Body_that_claims_to_be_too_large_fails_at_once_without_a_retry(string endpoint)
    {
        // The body never comes, so only the claim can end this.
        using CancellationTokenSource end = new();
        await using LoopbackServer server = await LoopbackServer.StartAsync(async context =>
        {
            context.Response.StatusCode = endpoint == "error" ? 500 : 200;
            context.Response.ContentLength = Limit + 1;
            await context.Response.Body.FlushAsync();
            await Task.Delay(Timeout.Infinite, end.Token);
        });
        await using ServiceProvider services = Build(server, "sockets", options =>
        {
            (options.MaxResponseBytes, options.MaxRetries, options.Authority) = (Limit, 2, server.Address.ToString());
            options.TokenEndpoint = endpoint == "discovery" ? null : options.TokenEndpoint;
        });
        TokenRequestException exception = await FailAsync(services).WaitAsync(TimeSpan.FromSeconds(15));
        await end.CancelAsync();
        Assert.Contains($"larger than {Limit} bytes", exception.Message, StringComparison.Ordinal);
        Assert.Contains("MaxResponseBytes", exception.Message, StringComparison.Ordinal);
        Assert.False(exception.IsTransient);
        Assert.Single(server.Requests);
    }

    private static async Task<TokenRequestException> FailAsync(ServiceProvider services) =>
        await Assert.ThrowsAsync<TokenRequestException>(() => services.GetRequiredService<TokenClient>().RequestTokenAsync());

    private static ServiceProvider Build(LoopbackServer server, string kind, Action<ClientCredentialsOptions>? configure = null)
    {
        ServiceCollection services = new();
        IClientCredentialsBuilder builder = services.AddClientCredentials(options =>
        {
            options.TokenEndpoint = new Uri(server.Address, "/token").ToString();
            (options.ClientId, options.ClientSecret, options.MaxRetries) = ("shop", "secret", 0);
            configure?.Invoke(options);
        });
        if (kind == "defaults")
        {
            services.ConfigureHttpClientDefaults(http => http.ConfigurePrimaryHttpMessageHandler(() => Create("classic")));
        }
        else
        {
            builder.ConfigureHttpClient(http => http.ConfigurePrimaryHttpMessageHandler(() => Create(kind)));
        }

        return services.BuildServiceProvider();
    }

    private static HttpMessageHandler Create(string kind) => kind switch
    {
        "sockets" => new SocketsHttpHandler { AutomaticDecompression = DecompressionMethods.All },
        "classic" => new HttpClientHandler { AutomaticDecompression = DecompressionMethods.All },
        _ => new Outer { InnerHandler = TokenTransport.Create() },
    };

    private static HttpMessageHandler Harden(HttpMessageHandler handler) => TokenTransport.Harden(handler, "tokens", NullLogger.Instance);

    private sealed class Outer : DelegatingHandler;
}
