using System.Net;
using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials.Api;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Api;

/// <summary>
/// What becomes of a 401 and of its replay when things around them go wrong; the API is a function, so that every step can be
/// chosen.
/// </summary>
public sealed class ReplayTests
{
    private static readonly Uri Elsewhere = new("https://elsewhere.example.com/");

    [Fact]
    [Trait("Req", "R-119")]
    public async Task A_replay_that_cannot_start_leaves_the_first_answer_intact()
    {
        int sends = 0;
        await using ServiceProvider services = Build(
            new(),
            _ => ++sends == 1 ? Answer(401, "first") : throw new InvalidOperationException("cannot start"));
        using HttpResponseMessage response = await Client(services).GetAsync("/orders");
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal("first", await response.Content.ReadAsStringAsync());
        Assert.Equal(2, sends);
    }

    [Fact]
    [Trait("Req", "R-120")]
    public async Task The_answer_that_a_replay_takes_the_place_of_is_disposed()
    {
        Tracked body = new();
        int sends = 0;
        await using ServiceProvider services = Build(
            new(),
            _ => ++sends == 1
                ? Task.FromResult(new HttpResponseMessage(HttpStatusCode.Unauthorized) { Content = body })
                : Answer(200, ""));
        using HttpResponseMessage response = await Client(services).GetAsync("/orders", HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.True(body.IsDisposed);
    }

    [Fact]
    [Trait("Req", "R-118")]
    public async Task Without_a_new_token_the_401_is_returned()
    {
        TestAuthorizationServer server = new();
        server.Next(TestResponse.Token(), TestResponse.Error("invalid_client"));
        await using ServiceProvider services = Build(server, _ => Answer(401, "first"));
        using HttpResponseMessage response = await Client(services).GetAsync("/orders");
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal("first", await response.Content.ReadAsStringAsync());
        server.Verify(2);
    }

    [Fact]
    [Trait("Req", "R-120")]
    public async Task A_caller_that_gives_up_while_a_new_token_comes_leaves_no_answer_open()
    {
        TestAuthorizationServer server = new();
        server.Next(TestResponse.Token(), TestResponse.Never());
        Tracked body = new();
        await using ServiceProvider services = Build(
            server,
            _ => Task.FromResult(new HttpResponseMessage(HttpStatusCode.Unauthorized) { Content = body }));
        using CancellationTokenSource cancellation = new();
        Task<HttpResponseMessage> call = Client(services).GetAsync("/orders", HttpCompletionOption.ResponseHeadersRead, cancellation.Token);
        await Eventually.True(() => server.Requests.Count == 2);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        Assert.True(body.IsDisposed);
    }

    [Fact]
    [Trait("Req", "R-120")]
    public async Task A_provider_that_breaks_while_a_new_token_comes_leaves_no_answer_open()
    {
        Tracked body = new();
        await using ServiceProvider services = Build(
            new(),
            _ => Task.FromResult(new HttpResponseMessage(HttpStatusCode.Unauthorized) { Content = body }),
            provider: new BreaksTheSecondTime());
        await Assert.ThrowsAsync<InvalidOperationException>(
            () => Client(services).GetAsync("/orders", HttpCompletionOption.ResponseHeadersRead));
        Assert.True(body.IsDisposed);
    }

    [Fact]
    [Trait("Req", "R-112")]
    public async Task A_retry_after_a_redirect_starts_at_the_callers_own_address()
    {
        List<string?> seen = [];
        await using ServiceProvider services = Build(
            new(),
            request =>
            {
                seen.Add($"{request.RequestUri!.Host} {request.Headers.Authorization?.Scheme}");
                request.RequestUri = Elsewhere;
                return Answer(503, "");
            },
            outside: () => new Again(_ => { }));
        using HttpResponseMessage response = await Client(services).GetAsync("/orders");
        Assert.Equal(["api.example.com Bearer", "api.example.com Bearer"], seen);
    }

    [Fact]
    [Trait("Req", "R-112")]
    public async Task A_handler_outside_that_sends_a_request_on_to_another_origin_takes_no_token_along()
    {
        List<string?> seen = [];
        await using ServiceProvider services = Build(
            new(),
            request =>
            {
                seen.Add($"{request.RequestUri!.Host} {request.Headers.Authorization?.Scheme}");
                return Answer(503, "");
            },
            options => options.SendWithoutTokenToOtherOrigins = true,
            () => new Again(request => request.RequestUri = Elsewhere));
        using HttpResponseMessage response = await Client(services).GetAsync("/orders");
        Assert.Equal(["api.example.com Bearer", "elsewhere.example.com "], seen);
    }

    [Fact]
    [Trait("Req", "R-095")]
    [Trait("Req", "R-117")]
    public async Task A_synchronous_401_is_returned_at_once_and_the_token_is_renewed_behind_it()
    {
        TestAuthorizationServer server = new();
        int sends = 0;
        await using ServiceProvider services = Build(server, _ => Answer(++sends == 1 ? 401 : 200, ""));
        await services.GetRequiredService<ITokenProvider>().GetTokenAsync();
        using HttpRequestMessage request = new(HttpMethod.Get, "/orders");
        using HttpResponseMessage response = Client(services).Send(request);
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        await Eventually.True(() => server.Requests.Count == 2);
        using HttpResponseMessage next = await Client(services).GetAsync("/orders");
        Assert.Equal(HttpStatusCode.OK, next.StatusCode);
        server.Verify(2);
    }

    [Fact]
    [Trait("Req", "R-112")]
    public async Task A_synchronous_call_that_was_redirected_rejects_no_token()
    {
        List<string?> seen = [];
        TestAuthorizationServer server = new();
        await using ServiceProvider services = Build(
            server,
            request =>
            {
                seen.Add($"{request.RequestUri!.Host} {request.Headers.Authorization?.Scheme}");
                request.RequestUri = Elsewhere;
                return Answer(401, "");
            },
            outside: () => new Again(_ => { }));
        await services.GetRequiredService<ITokenProvider>().GetTokenAsync();
        using HttpRequestMessage request = new(HttpMethod.Get, "/orders");
        using HttpResponseMessage response = Client(services).Send(request);
        Assert.Equal(["api.example.com Bearer", "api.example.com Bearer"], seen);
        await services.GetRequiredService<ITokenProvider>().GetTokenAsync();
        server.Verify(1);
    }

    [Fact]
    [Trait("Req", "R-112")]
    [Trait("Req", "R-121")]
    public async Task A_request_that_its_caller_changes_under_way_is_sent_again_as_it_was()
    {
        List<string> seen = [];
        using HttpRequestMessage request = new(HttpMethod.Post, "/orders")
        {
            Content = new StringContent("an order"),
            Version = HttpVersion.Version11,
        };
        await using ServiceProvider services = Build(new(), async sent =>
        {
            seen.Add(
                $"{sent.Method} {sent.RequestUri} {sent.Version} {await sent.Content!.ReadAsStringAsync()} {sent.Headers.Authorization}");
            (request.Method, request.RequestUri) = (HttpMethod.Get, Elsewhere);
            (request.Version, request.Content) = (HttpVersion.Version20, null);
            return await Answer(seen.Count == 1 ? 401 : 200, "");
        });
        using HttpResponseMessage response = await Client(services).SendAsync(request);
        Assert.Equal(["token-1", "token-2"], seen.Select(line => line.Split(' ')[^1]));
        Assert.All(
            seen,
            line => Assert.StartsWith("POST https://api.example.com/orders 1.1 an order Bearer", line, StringComparison.Ordinal));
    }

    [Theory]
    [Trait("Req", "R-122")]
    [InlineData("GET", true)]
    [InlineData("HEAD", true)]
    [InlineData("OPTIONS", true)]
    [InlineData("TRACE", true)]
    [InlineData("PUT", true)]
    [InlineData("DELETE", true)]
    [InlineData("POST", false)]
    [InlineData("PATCH", false)]
    [InlineData("QUERY", false)]
    public void Only_idempotent_methods_are_sent_again_where_that_is_chosen(string method, bool isReplayed)
    {
        using HttpRequestMessage request = new(new HttpMethod(method), "https://api.example.com/");
        Assert.Equal(isReplayed, ReplayableContent.MayBeReplayed(request, new() { ReplayNonIdempotentMethods = false }));
        Assert.True(ReplayableContent.MayBeReplayed(request, new()));
    }

    [Fact]
    [Trait("Req", "R-119")]
    public void Content_of_the_applications_own_and_a_closed_stream_are_not_sent_again()
    {
        MemoryStream closed = new([1]);
        using StreamContent content = new(closed);
        closed.Dispose();
        using Tracked own = new();
        Assert.False(ReplayableContent.IsReplayable(content));
        Assert.False(ReplayableContent.IsReplayable(own));
        own.Headers.ContentLength = ReplayableContent.MaxBufferedBytes;
        Assert.True(ReplayableContent.FitsBuffer(own));
        own.Headers.ContentLength++;
        Assert.False(ReplayableContent.FitsBuffer(own));
    }

    private static HttpClient Client(ServiceProvider services) => services.GetRequiredService<IHttpClientFactory>().CreateClient("api");

    private static Task<HttpResponseMessage> Answer(int status, string body) =>
        Task.FromResult(new HttpResponseMessage((HttpStatusCode)status) { Content = new StringContent(body) });

    private static ServiceProvider Build(
        TestAuthorizationServer server,
        Func<HttpRequestMessage, Task<HttpResponseMessage>> api,
        Action<AccessTokenHandlerOptions>? configure = null,
        Func<DelegatingHandler>? outside = null,
        ITokenProvider? provider = null)
    {
        ServiceCollection services = new();
        if (provider is not null)
        {
            services.AddSingleton(provider);
        }

        services.AddClientCredentials(
            options =>
            {
                (options.TokenEndpoint, options.ClientId, options.ClientSecret) = (OneClient.Endpoint, "shop", "secret");
                options.MaxRetries = 0;
            });
        IHttpClientBuilder client = services.AddHttpClient("api", client => client.BaseAddress = new("https://api.example.com"))
            .ConfigurePrimaryHttpMessageHandler(() => new Primary(api));
        if (outside is not null)
        {
            client.AddHttpMessageHandler(outside);
        }

        client.AddClientCredentialsHandler(configure: configure);
        return services.UseTestAuthorizationServer(server).BuildServiceProvider();
    }

    private sealed class Primary(Func<HttpRequestMessage, Task<HttpResponseMessage>> answer) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            answer(request);

        protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken) =>
            answer(request).GetAwaiter().GetResult();
    }

    /// <summary>A provider of the application's own.</summary>
    private sealed class BreaksTheSecondTime : ITokenProvider
    {
        private AccessToken? _token;

        public async ValueTask<AccessToken> GetTokenAsync(
            string clientName = "",
            TokenRequest? request = null,
            CancellationToken cancellationToken = default)
        {
            if (_token is not null)
            {
                throw new InvalidOperationException("broken");
            }

            using OneClient client = OneClient.Answering("""{"access_token":"a"}""");
            return _token = await client.GetAsync();
        }

        public ValueTask<AccessToken> RenewTokenAsync(
            AccessToken rejected,
            string clientName = "",
            TokenRequest? request = null,
            CancellationToken cancellationToken = default) =>
            GetTokenAsync(clientName, request, cancellationToken);

        public void Forget(string clientName)
        {
        }
    }

    /// <summary>A retry of the application's, once.</summary>
    private sealed class Again(Action<HttpRequestMessage> change) : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            using HttpResponseMessage first = await base.SendAsync(request, cancellationToken);
            change(request);
            return await base.SendAsync(request, cancellationToken);
        }

        protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            using HttpResponseMessage first = base.Send(request, cancellationToken);
            change(request);
            return base.Send(request, cancellationToken);
        }
    }

    private sealed class Tracked : HttpContent
    {
        public bool IsDisposed { get; private set; }

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => Task.CompletedTask;

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }

        protected override void Dispose(bool disposing)
        {
            IsDisposed = true;
            base.Dispose(disposing);
        }
    }
}
