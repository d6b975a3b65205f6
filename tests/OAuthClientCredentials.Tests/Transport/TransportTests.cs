using System.IO.Compression;
using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Transport;

/// <summary>The way to the token endpoint over real sockets, as registration builds it: what the transport may do by itself, and how much it reads.</summary>
[Collection(nameof(Alone))]
public sealed class TransportTests
{
    private const int Limit = 4096;

    public static TheoryData<string> Handlers => ["sockets", "classic", "delegating", "defaults"];

    public static TheoryData<string, string> Bodies
    {
        get
        {
            TheoryData<string, string> data = [];
            foreach (string endpoint in new[] { "success", "error", "discovery" })
            {
                foreach (string framing in new[] { "chunked", "length", "endless" })
                {
                    data.Add(endpoint, framing);
                }
            }

            return data;
        }
    }

    [Theory]
    [Trait("Req", "R-002")]
    [MemberData(nameof(Handlers))]
    public async Task A_handler_of_the_applications_own_follows_no_redirect_either(string kind)
    {
        await using LoopbackServer other = await LoopbackServer.StartTokenEndpointAsync();
        await using LoopbackServer server = await LoopbackServer.StartAsync(context =>
        {
            context.Response.StatusCode = 307;
            context.Response.Headers.Location = new Uri(other.Address, "/token?code=canary").ToString();
            return Task.CompletedTask;
        });
        await using ServiceProvider services = Build(server, kind);
        TokenRequestException exception = await FailAsync(services);
        Assert.Contains(
            $"the response is a redirect (307) to {other.Address.GetLeftPart(UriPartial.Authority)}, which is never followed",
            exception.Message,
            StringComparison.Ordinal);
        Assert.DoesNotContain("canary", exception.Message, StringComparison.Ordinal);
        Assert.Equal((1, 0), (server.Arrivals.Count, other.Arrivals.Count));
    }

    [Fact]
    [Trait("Req", "R-002")]
    public async Task A_handler_of_unknown_type_is_accepted_with_a_warning_and_its_redirect_is_an_error()
    {
        using LogLines log = new();
        using Following handler = new();
        ServiceCollection services = new();
        services.AddLogging(logging => logging.AddProvider(log));
        services.AddClientCredentials(options => (options.TokenEndpoint, options.ClientId, options.ClientSecret) = ("https://id.example.com/token", "shop", "secret"))
            .ConfigureHttpClient(http => http.ConfigurePrimaryHttpMessageHandler(() => handler));
        await using ServiceProvider provider = services.BuildServiceProvider();
        TokenRequestException exception = await FailAsync(provider);
        Assert.Contains(
            "the HttpClient followed a redirect. Turn automatic redirects off in the primary handler",
            exception.Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "Warning 7 The primary handler of the HttpClient 'OAuthClientCredentials' is a Following",
            log.Text,
            StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Req", "R-002")]
    [Trait("Req", "R-008")]
    [MemberData(nameof(Handlers))]
    public async Task No_cookie_comes_back(string kind)
    {
        List<string> cookies = [];
        await using LoopbackServer server = await LoopbackServer.StartAsync(context =>
        {
            cookies.Add(context.Request.Headers.Cookie.ToString());
            context.Response.Headers.SetCookie = "session=canary; Path=/";
            return context.Response.WriteAsync("""{"access_token":"abc","expires_in":60}""");
        });
        await using ServiceProvider services = Build(server, kind);
        await services.GetRequiredService<TokenClient>().RequestTokenAsync();
        await services.GetRequiredService<TokenClient>().RequestTokenAsync();
        Assert.Equal(["", ""], cookies);
    }

    [Theory]
    [Trait("Req", "R-002")]
    [Trait("Req", "R-009")]
    [MemberData(nameof(Handlers))]
    public async Task A_compressed_body_is_neither_asked_for_nor_inflated(string kind)
    {
        byte[] bomb = Compress(50 * 1024 * 1024);
        string encodings = "none seen";
        await using LoopbackServer server = await LoopbackServer.StartAsync(context =>
        {
            encodings = context.Request.Headers.AcceptEncoding.ToString();
            context.Response.Headers.ContentEncoding = "gzip";
            return context.Response.Body.WriteAsync(bomb).AsTask();
        });
        await using ServiceProvider services = Build(server, kind);
        long least = long.MaxValue;
        for (int request = 0; request < 4; request++)
        {
            // The counter is the process's: what another test left behind may allocate beside one request, not beside each.
            long before = GC.GetTotalAllocatedBytes(precise: true);
            Assert.False((await FailAsync(services)).IsTransient);
            least = Math.Min(least, GC.GetTotalAllocatedBytes(precise: true) - before);
        }

        Assert.InRange(least, 0, 2 * 1024 * 1024);
        Assert.Equal("", encodings);
    }

    [Theory]
    [Trait("Req", "R-040")]
    [Trait("Req", "R-041")]
    [MemberData(nameof(Bodies))]
    public async Task Every_body_is_read_to_its_limit_and_no_further(string endpoint, string framing)
    {
        TaskCompletionSource closed = new();
        await using LoopbackServer server = await LoopbackServer.StartAsync(async context =>
        {
            context.RequestAborted.Register(() => closed.TrySetResult());
            context.Response.StatusCode = endpoint == "error" ? 400 : 200;
            context.Response.ContentLength = framing == "length" ? Limit + 1 : null;
            await context.Response.WriteAsync(new string(' ', Limit + 1));
            while (framing == "endless" && !context.RequestAborted.IsCancellationRequested)
            {
                await context.Response.WriteAsync(new string(' ', 64 * 1024));
            }
        });
        await using ServiceProvider services = Build(server, "sockets", options =>
        {
            options.MaxResponseBytes = Limit;
            options.Authority = server.Address.ToString();
            options.TokenEndpoint = endpoint == "discovery" ? null : options.TokenEndpoint;
        });
        TokenRequestException exception = await FailAsync(services);
        Assert.Contains(
            $"the response is larger than {Limit} bytes. Check that this is the authorization server, or raise MaxResponseBytes",
            exception.Message,
            StringComparison.Ordinal);
        Assert.False(exception.IsTransient);
        if (framing == "endless")
        {
            await closed.Task.WaitAsync(TimeSpan.FromSeconds(20));
        }
    }

    [Theory]
    [Trait("Req", "R-040")]
    [Trait("Req", "R-041")]
    [InlineData("success")]
    [InlineData("error")]
    [InlineData("discovery")]
    public async Task A_body_that_claims_to_be_too_large_fails_at_once_and_is_not_requested_again(string endpoint)
    {
        // The body never comes, so only the claim can end this.
        using CancellationTokenSource end = new();
        await using LoopbackServer server = await LoopbackServer.StartAsync(async context =>
        {
            context.Response.StatusCode = endpoint == "error" ? 500 : 200;
            context.Response.ContentLength = Limit + 1;
            await context.Response.Body.FlushAsync();
            await Task.Delay(Timeout.Infinite, CancellationTokenSource.CreateLinkedTokenSource(end.Token, context.RequestAborted).Token);
        });
        await using ServiceProvider services = Build(server, "sockets", options =>
        {
            (options.MaxResponseBytes, options.MaxRetries, options.Authority) = (Limit, 2, server.Address.ToString());
            options.TokenEndpoint = endpoint == "discovery" ? null : options.TokenEndpoint;
        });
        Task<TokenRequestException> failure = FailAsync(services);
        Assert.Same(failure, await Task.WhenAny(failure, Task.Delay(TimeSpan.FromSeconds(15))));
        await end.CancelAsync();
        Assert.Contains($"the response is larger than {Limit} bytes", (await failure).Message, StringComparison.Ordinal);
        Assert.False((await failure).IsTransient);
        Assert.Single(server.Arrivals);
    }

    [Fact]
    [Trait("Req", "R-040")]
    public async Task A_body_of_exactly_the_limit_is_read_whole()
    {
        await using LoopbackServer server = await LoopbackServer.StartAsync(context => context.Response.WriteAsync("""{"access_token":"abc"}""".PadRight(Limit)));
        await using ServiceProvider services = Build(server, "sockets", options => options.MaxResponseBytes = Limit);
        Assert.Equal("abc", (await services.GetRequiredService<TokenClient>().RequestTokenAsync()).Value);
    }

    [Fact]
    [Trait("Req", "R-041")]
    public async Task A_body_that_is_shorter_than_announced_is_a_passing_error()
    {
        await using LoopbackServer server = await LoopbackServer.StartAsync(async context =>
        {
            context.Response.ContentLength = 1000;
            await context.Response.WriteAsync("""{"access_token":"abc"}""");
            context.Abort();
        });
        await using ServiceProvider services = Build(server, "sockets");
        Assert.True((await FailAsync(services)).IsTransient);
    }

    [Fact]
    [Trait("Req", "R-006")]
    [Trait("Req", "R-063")]
    public async Task A_certificate_that_nobody_vouches_for_is_a_fatal_error_with_a_remedy()
    {
        await using TlsServer server = TlsServer.Start();
        TokenProvider tokens = TokenProvider.Create(options => (options.TokenEndpoint, options.ClientId, options.ClientSecret) = ($"https://localhost:{server.Port}/token", "shop", "secret"));
        await using (tokens)
        {
            TokenRequestException exception = await Assert.ThrowsAsync<TokenRequestException>(async () => await tokens.GetTokenAsync());
            Assert.Contains("the TLS certificate was not accepted", exception.Message, StringComparison.Ordinal);
            Assert.Equal((false, 1, 0), (exception.IsTransient, exception.Attempts, server.Bytes));
        }
    }

    private static async Task<TokenRequestException> FailAsync(ServiceProvider services) =>
        await Assert.ThrowsAsync<TokenRequestException>(() => services.GetRequiredService<TokenClient>().RequestTokenAsync());

    private static ServiceProvider Build(LoopbackServer server, string kind, Action<ClientCredentialsOptions>? configure = null)
    {
        ServiceCollection services = new();
        IClientCredentialsBuilder builder = services.AddClientCredentials(options =>
        {
            (options.TokenEndpoint, options.ClientId, options.ClientSecret, options.MaxRetries) = (new Uri(server.Address, "/token").ToString(), "shop", "secret", 0);
            configure?.Invoke(options);
        });
        if (kind == "defaults")
        {
            services.ConfigureHttpClientDefaults(http => http.ConfigurePrimaryHttpMessageHandler(() => Careless("classic")));
        }
        else
        {
            builder.ConfigureHttpClient(http => http.ConfigurePrimaryHttpMessageHandler(() => Careless(kind)));
        }

        return services.BuildServiceProvider();
    }

    private static HttpMessageHandler Careless(string kind) => kind switch
    {
        "sockets" => new SocketsHttpHandler { AllowAutoRedirect = true, UseCookies = true, AutomaticDecompression = DecompressionMethods.All },
        "classic" => new HttpClientHandler { AllowAutoRedirect = true, UseCookies = true, AutomaticDecompression = DecompressionMethods.All },
        _ => new Outer { InnerHandler = Careless("sockets") },
    };

    private static byte[] Compress(int zeros)
    {
        using MemoryStream bytes = new();
        using (GZipStream gzip = new(bytes, CompressionLevel.Fastest))
        {
            gzip.Write(new byte[zeros]);
        }

        return bytes.ToArray();
    }

    private sealed class Outer : DelegatingHandler;

    private sealed class Following : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            HttpResponseMessage response = Respond.Token("abc", 60);
            response.RequestMessage = new HttpRequestMessage(HttpMethod.Post, "https://other.example.com/token");
            return Task.FromResult(response);
        }
    }
}
