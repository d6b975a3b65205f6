using System.Net;
using OAuthClientCredentials.IntegrationTests.Canaries;

namespace OAuthClientCredentials.IntegrationTests.Api;

/// <summary>Handlers that applications write themselves: that follow redirects, copy requests, or break.</summary>
public sealed class HandlersAroundTests(Ground ground) : CanaryTests, IClassFixture<Ground>
{
    [Fact]
    [Trait("Req", "R-110")]
    [Trait("Req", "R-112")]
    public async Task A_handler_that_sends_a_request_on_takes_no_token_to_another_origin()
    {
        Scene? scene = null;
        scene = ground.Open(Answers.Redirect(307, () => scene!.At(Place.Other), Answers.Of("200")));
        await using Scene disposed = scene;
        await Assert.ThrowsAsync<OriginNotAllowedException>(
            () => Following(scene, copies: false, hasAddress: false).GetAsync(new Uri(scene.At(Place.Api), "orders")));
        Assert.Equal(1, Assert.Single(scene.AtApi).Token);
        Assert.Empty(scene.AtOther);
    }

    [Fact]
    [Trait("Req", "R-110")]
    [Trait("Req", "R-112")]
    public async Task A_handler_that_copies_a_request_takes_no_token_to_another_origin()
    {
        Scene? scene = null;
        scene = ground.Open(Answers.Redirect(307, () => scene!.At(Place.Other), Answers.Of("200")));
        await using Scene disposed = scene;
        await Assert.ThrowsAsync<OriginNotAllowedException>(() => Following(scene, copies: true, hasAddress: true).GetAsync("orders"));
        Assert.Equal(1, Assert.Single(scene.AtApi).Token);
        Assert.Empty(scene.AtOther);
    }

    [Fact]
    [Trait("Req", "R-114")]
    [Trait("Req", "R-123")]
    public async Task A_retry_with_a_copy_of_the_request_takes_the_token_that_is_valid_then()
    {
        await using Scene scene = ground.Open(new(
            (context, token) =>
            {
                context.Response.StatusCode = token == 1 ? 503 : 200;
                return Task.CompletedTask;
            },
            _ => true));
        ITokenProvider? tokens = null;
        ServiceProvider application = scene.Build(services => services
            .AddHttpClient("api", client => client.BaseAddress = scene.At(Place.Api))
            .AddHttpMessageHandler(() => new RetryWithACopy(() => tokens!.Forget("")))
            .AddClientCredentialsHandler());
        tokens = application.GetRequiredService<ITokenProvider>();
        using HttpResponseMessage response = await application.GetRequiredService<IHttpClientFactory>().CreateClient("api")
            .GetAsync("orders");
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal([1, 2], scene.AtApi.Select(arrival => arrival.Token));
    }

    [Fact]
    [Trait("Req", "R-119")]
    public async Task A_transport_that_throws_at_once_when_the_request_comes_again_leaves_the_first_answer_intact()
    {
        await using Scene scene = ground.Open(Answers.Of("401 once"));
        HttpClient client = scene.Client(
            outside: builder => builder.RemoveAllLoggers().ConfigurePrimaryHttpMessageHandler(() => new OnceOnly()));
        using HttpResponseMessage response = await client.GetAsync("orders");
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal(Answers.Refusal, await response.Content.ReadAsStringAsync());
    }

    [Fact]
    [Trait("Req", "R-119")]
    public async Task Content_that_waits_for_permission_is_sent_once_it_is_given()
    {
        await using Scene scene = ground.Open(Answers.Of("401 once, unread"));
        using HttpRequestMessage request = new(HttpMethod.Post, "orders") { Content = Bodies.All["seekable stream"].Make() };
        request.Headers.ExpectContinue = true;
        using HttpResponseMessage response = await scene.Client().SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(await Bodies.BytesOf("seekable stream"), scene.AtApi.Last().Body);
    }

    [Theory]
    [Trait("Req", "R-114")]
    [InlineData("Basic abc", false)]
    [InlineData("shop:key/with+signs==", false)]
    [InlineData("\"quoted\"", false)]
    [InlineData("shop:key/with+signs==", true)]
    public async Task The_callers_own_header_stays_also_where_it_is_none_by_the_grammar(string header, bool overwrites)
    {
        string? seen = null;
        await using Scene scene = ground.Open(Answers.Of("200"));
        HttpClient client = scene.Client(
            options => options.OverwriteAuthorization = overwrites,
            outside: builder => builder.ConfigurePrimaryHttpMessageHandler(() => new Seen(authorization => seen = authorization)));
        using HttpRequestMessage request = new(HttpMethod.Get, "orders");
        Assert.True(request.Headers.TryAddWithoutValidation("Authorization", header));
        (await client.SendAsync(request)).Dispose();
        Assert.Equal(overwrites ? $"Bearer {Canary.Marker}-1" : header, seen);
        Assert.Equal(overwrites ? 1 : 0, scene.TokenRequests);
    }

    [Fact]
    [Trait("Req", "R-119")]
    [Trait("Req", "R-343")]
    public async Task A_caller_waits_no_longer_than_it_said_for_content_that_never_ends()
    {
        await using Scene scene = ground.Open(Answers.Of("200"));
        HttpClient client = scene.Client(options => options.BufferRequestContent = true);
        client.Timeout = TimeSpan.FromMilliseconds(200);
        using StreamContent endless = new(new Endless());
        await Assert.ThrowsAsync<TaskCanceledException>(() => client.PostAsync("orders", endless).WaitAsync(TimeSpan.FromSeconds(20)));
        Assert.Empty(scene.AtApi);
    }

    private static HttpClient Following(Scene scene, bool copies, bool hasAddress) =>
        scene.Client(hasAddress: hasAddress, outside: builder => builder
        .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler { AllowAutoRedirect = false })
        .AddHttpMessageHandler(() => new FollowRedirects(copies)));

    private sealed class FollowRedirects(bool copies) : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            HttpResponseMessage response = await base.SendAsync(request, cancellationToken);
            if (response.Headers.Location is not { } location)
            {
                return response;
            }

            response.Dispose();
            HttpRequestMessage next = copies ? Copy.Of(request) : request;
            next.RequestUri = location;
            return await base.SendAsync(next, cancellationToken);
        }
    }

    private sealed class RetryWithACopy(Action between) : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            (await base.SendAsync(request, cancellationToken)).Dispose();
            between();
            return await base.SendAsync(Copy.Of(request), cancellationToken);
        }
    }

    private sealed class OnceOnly : DelegatingHandler
    {
        private bool _sent;

        public OnceOnly() => InnerHandler = new SocketsHttpHandler();

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            ObjectDisposedException.ThrowIf(_sent, this);
            _sent = true;
            return base.SendAsync(request, cancellationToken);
        }
    }

    private sealed class Seen(Action<string> authorization) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            authorization(request.Headers.NonValidated["Authorization"].ToString());
            return Task.FromResult(new HttpResponseMessage());
        }
    }

    private sealed class Endless : MemoryStream
    {
        public override bool CanSeek => false;

        public override async Task CopyToAsync(Stream destination, int bufferSize, CancellationToken cancellationToken) =>
            await new TaskCompletionSource().Task;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await new TaskCompletionSource().Task;
            return 0;
        }
    }

    private static class Copy
    {
        // As it is commonly done: everything but the options.
        public static HttpRequestMessage Of(HttpRequestMessage request)
        {
            HttpRequestMessage copy = new(request.Method, request.RequestUri) { Version = request.Version, Content = request.Content };
            foreach ((string name, IEnumerable<string> values) in request.Headers)
            {
                copy.Headers.TryAddWithoutValidation(name, values);
            }

            return copy;
        }
    }
}
