using System.Net;
using OAuthClientCredentials.Api;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Api;

/// <summary>What is sent again after a 401, and what happens to the first response.</summary>
public sealed class ReplayTests
{
    private readonly NumberedTokens _tokens = new();

    [Fact]
    [Trait("Req", "R-119")]
    public async Task A_replay_that_cannot_start_leaves_the_first_response_intact()
    {
        int sends = 0;
        await using ApiClient api = new(_tokens, _ =>
        {
            if (++sends > 1)
            {
                throw new InvalidOperationException("cannot start");
            }

            return Task.FromResult(new HttpResponseMessage(HttpStatusCode.Unauthorized) { Content = new StringContent("first") });
        });
        using HttpResponseMessage response = await api.Http.GetAsync("/orders");
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal("first", await response.Content.ReadAsStringAsync());
        Assert.Equal(2, sends);
    }

    [Theory]
    [Trait("Req", "R-120")]
    [InlineData("is replaced")]
    [InlineData("is abandoned by its caller")]
    [InlineData("meets a broken provider")]
    public async Task A_401_is_disposed_when_it(string fate)
    {
        TrackedContent body = new();
        using CancellationTokenSource caller = new();
        TaskCompletionSource<AccessToken> renewal = new();
        _tokens.Renew = (_, cancellationToken) =>
        {
            switch (fate)
            {
                case "is replaced":
                    renewal.SetResult(_tokens.Next());
                    break;
                case "is abandoned by its caller":
                    caller.Cancel();
                    break;
                default:
                    renewal.SetException(new InvalidOperationException("broken"));
                    break;
            }

            return new(renewal.Task.WaitAsync(cancellationToken));
        };
        await using ApiClient api = new(_tokens, async request =>
        {
            HttpResponseMessage response = await ApiClient.RejectFirstToken(request);
            response.Content = response.StatusCode == HttpStatusCode.Unauthorized ? body : response.Content;
            return response;
        });
        Exception? exception = await Record.ExceptionAsync(
            () => api.Http.GetAsync("/orders", HttpCompletionOption.ResponseHeadersRead, caller.Token));
        Assert.Equal(fate == "is replaced", exception is null);
        Assert.True(body.IsDisposed);
    }

    [Fact]
    [Trait("Req", "R-112")]
    [Trait("Req", "R-121")]
    public async Task A_request_that_its_caller_changes_meanwhile_is_replayed_unchanged()
    {
        List<string> seen = [];
        using HttpRequestMessage request = new(HttpMethod.Post, "/orders")
        {
            Content = new StringContent("an order"),
            Version = HttpVersion.Version11,
        };
        await using ApiClient api = new(_tokens, async sent =>
        {
            string body = await sent.Content!.ReadAsStringAsync();
            seen.Add($"{sent.Method} {sent.RequestUri} {sent.Version} {body} {sent.Headers.Authorization}");
            (request.Method, request.RequestUri) = (HttpMethod.Get, new("https://elsewhere.example.com/"));
            (request.Version, request.Content) = (HttpVersion.Version20, null);
            return await ApiClient.RejectFirstToken(sent);
        });
        using HttpResponseMessage response = await api.Http.SendAsync(request);
        string expected = "POST https://api.example.com/orders 1.1 an order Bearer";
        Assert.Equal([$"{expected} token-1", $"{expected} token-2"], seen);
    }

    [Theory]
    [Trait("Req", "R-122")]
    [InlineData("GET", 200)]
    [InlineData("PUT", 200)]
    [InlineData("POST", 401)]
    [InlineData("PATCH", 401)]
    public async Task POST_and_PATCH_are_not_replayed_where_that_is_turned_off(string method, int status)
    {
        await using ApiClient api = new(_tokens, ApiClient.RejectFirstToken, options => options.ReplayNonIdempotentMethods = false);
        using HttpRequestMessage request = new(new HttpMethod(method), "/orders");
        using HttpResponseMessage response = await api.Http.SendAsync(request);
        Assert.Equal(status, (int)response.StatusCode);
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
    public void Only_idempotent_methods_are_replayed_without_ReplayNonIdempotentMethods(string method, bool isReplayed)
    {
        using HttpRequestMessage request = new(new HttpMethod(method), "https://api.example.com/");
        Assert.Equal(isReplayed, ReplayableContent.MayBeReplayed(request, new() { ReplayNonIdempotentMethods = false }));
        Assert.True(ReplayableContent.MayBeReplayed(request, new()));
    }

    [Fact]
    [Trait("Req", "R-119")]
    public void Custom_content_and_a_closed_stream_are_not_replayable()
    {
        MemoryStream closed = new([1]);
        using StreamContent content = new(closed);
        closed.Dispose();
        using TrackedContent own = new();
        Assert.False(ReplayableContent.IsReplayable(content));
        Assert.False(ReplayableContent.IsReplayable(own));
        own.Headers.ContentLength = ReplayableContent.MaxBufferedBytes;
        Assert.True(ReplayableContent.FitsBuffer(own));
        own.Headers.ContentLength++;
        Assert.False(ReplayableContent.FitsBuffer(own));
    }

    [Fact]
    [Trait("Req", "R-119")]
    [Trait("Req", "R-343")]
    public async Task A_caller_waits_for_endless_content_no_longer_than_its_timeout()
    {
        int sends = 0;
        await using ApiClient api = new(
            _tokens,
            _ =>
            {
                sends++;
                return ApiClient.Respond(200);
            },
            options => options.BufferRequestContent = true);
        api.Http.Timeout = TimeSpan.FromMilliseconds(200);
        using EndlessContent endless = new();
        await Assert.ThrowsAsync<TaskCanceledException>(() => api.Http.PostAsync("/orders", endless).WaitAsync(TimeSpan.FromSeconds(20)));
        Assert.Equal(0, sends);
    }

    private sealed class TrackedContent : HttpContent
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

    private sealed class EndlessContent : HttpContent
    {
        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => new TaskCompletionSource().Task;

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
