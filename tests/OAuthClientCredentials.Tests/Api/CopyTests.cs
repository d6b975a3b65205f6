using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Api;

/// <summary>The handler sends a copy: it never changes the caller's request, and a later change of that does not change the copy.</summary>
public sealed class CopyTests
{
    private static readonly Uri Elsewhere = new("https://elsewhere.example.com/");

    private readonly NumberedTokens _tokens = new();
    private readonly ConcurrentQueue<string> _seen = new();

    [Theory]
    [Trait("Req", "R-112")]
    [Trait("Req", "R-371")]
    [InlineData("200")]
    [InlineData("401 once")]
    [InlineData("401 always")]
    [InlineData("failure")]
    [InlineData("redirect")]
    [InlineData("synchronous")]
    public async Task The_callers_request_is_unchanged_after(string outcome)
    {
        int sends = 0;
        await using ApiClient api = new(_tokens, async request =>
        {
            if (outcome != "synchronous")
            {
                await Task.Run(() => { });
            }

            Assert.StartsWith("Bearer token-", request.Headers.Authorization!.ToString(), StringComparison.Ordinal);
            request.Headers.Add("X-Written-Below", "1");
            if (outcome == "redirect")
            {
                (request.RequestUri, request.Headers.Authorization) = (Elsewhere, null);
                (request.Method, request.Content) = (HttpMethod.Get, null);
            }

            if (outcome == "failure")
            {
                throw new HttpRequestException("down");
            }

            bool isRejected = outcome == "401 always" || (outcome == "401 once" && ++sends == 1);
            return await ApiClient.Respond(isRejected ? 401 : 200);
        });
        using StringContent content = new("an order");
        using HttpRequestMessage request = new(HttpMethod.Post, "/orders") { Content = content };
        request.Headers.Add("X-Own", ["a", "b"]);
        request.Options.Set(new HttpRequestOptionsKey<string>("own"), "value");
        HttpResponseMessage? response = null;
        Exception? failure = await Record.ExceptionAsync(
            async () => response = outcome == "synchronous" ? api.Http.Send(request) : await api.Http.SendAsync(request));

        Assert.Equal(outcome == "failure", failure is HttpRequestException);
        Uri address = new("https://api.example.com/orders");
        Assert.Equal((HttpMethod.Post, address, content), (request.Method, request.RequestUri, request.Content));
        Assert.Equal(["X-Own: a, b"], request.Headers.NonValidated.Select(header => $"{header.Key}: {header.Value}"));
        Assert.Single(request.Options);
        Assert.Equal("an order", await content.ReadAsStringAsync());
        if (response is not null)
        {
            Assert.NotSame(request, response.RequestMessage);
            Assert.Null(response.RequestMessage!.Headers.Authorization);
            Assert.Equal(outcome == "redirect" ? Elsewhere : address, response.RequestMessage.RequestUri);
        }
    }

    [Fact]
    [Trait("Req", "R-371")]
    public async Task The_copy_has_everything_that_the_request_has()
    {
        HttpRequestMessage? sent = null;
        await using ApiClient api = new(_tokens, request =>
        {
            sent = request;
            return ApiClient.Respond(200);
        });
        using HttpRequestMessage request = new(HttpMethod.Connect, "/socket")
        {
            Content = new StringContent("x"),
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        request.Headers.Protocol = "websocket";
        request.Headers.ExpectContinue = true;
        Assert.True(request.Headers.TryAddWithoutValidation("Accept", "not;;valid"));
        request.Options.Set(new HttpRequestOptionsKey<object>("a"), this);
        request.Options.Set(new HttpRequestOptionsKey<string?>("b"), null);
        using HttpResponseMessage response = await api.Http.SendAsync(request);
        Assert.Equal(
            (request.Method, request.RequestUri, request.Version, request.VersionPolicy),
            (sent!.Method, sent.RequestUri, sent.Version, sent.VersionPolicy));
        Assert.Same(request.Content, sent.Content);
        Assert.Equal(("websocket", true), (sent.Headers.Protocol, sent.Headers.ExpectContinue));
        Assert.Equal("not;;valid", sent.Headers.NonValidated["Accept"].ToString());
        Assert.Equal(request.Options, sent.Options);
    }

    [Theory]
    [Trait("Req", "R-114")]
    [InlineData("Basic bWluZQ==", false)]
    [InlineData("Bearer token-of-tenant-7", false)]
    [InlineData("shop:key/with+signs==", false)]
    [InlineData("\"quoted\"", false)]
    [InlineData("Basic bWluZQ==", true)]
    [InlineData("shop:key/with+signs==", true)]
    public async Task The_callers_Authorization_header_is_sent_unless_it_is_overwritten(string header, bool overwrites)
    {
        _tokens.Get = name => new(_tokens.Create($"token-of-{name}"));
        await using ApiClient api = new(
            _tokens,
            request =>
            {
                _seen.Enqueue(request.Headers.NonValidated["Authorization"].ToString());
                return ApiClient.Respond(401);
            },
            options => options.OverwriteAuthorization = overwrites);
        using HttpRequestMessage request = new(HttpMethod.Get, "/orders");
        Assert.True(request.Headers.TryAddWithoutValidation("Authorization", header));
        using HttpResponseMessage response = await api.Http.SendAsync(request);
        Assert.Equal(overwrites ? "Bearer token-of-orders" : header, _seen.First());
        Assert.Equal(overwrites ? 1 : 0, _tokens.Renewals.Count);
        Assert.Equal(header, request.Headers.NonValidated["Authorization"].ToString());
    }

    [Fact]
    [Trait("Req", "R-112")]
    public async Task A_request_changed_while_its_token_is_awaited_takes_no_token_elsewhere()
    {
        TaskCompletionSource<AccessToken> token = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _tokens.Get = _ => new(token.Task);
        OuterHandler givesUp = new((request, send) =>
        {
            _ = send(request);
            request.RequestUri = Elsewhere;
            token.SetResult(_tokens.Current);
            return send(request);
        });
        await using ApiClient api = new(_tokens, Receive, outside: builder => builder.AddHttpMessageHandler(() => givesUp));
        OriginNotAllowedException refused = await Assert.ThrowsAsync<OriginNotAllowedException>(() => api.Http.GetAsync("/orders"));
        Assert.Contains("elsewhere.example.com", refused.Message, StringComparison.Ordinal);
        await Eventually.True(() => _seen.Count == 1);
        Assert.Equal(["https://api.example.com/orders Bearer token-1"], _seen);
    }

    [Fact]
    [Trait("Req", "R-112")]
    public async Task Parallel_sends_of_one_request_carry_a_token_each()
    {
        OuterHandler hedging = new(async (request, send) =>
        {
            HttpResponseMessage[] responses = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => send(request)));
            return responses[0];
        });
        await using ApiClient api = new(_tokens, Receive, outside: builder => builder.AddHttpMessageHandler(() => hedging));
        using HttpResponseMessage response = await api.Http.GetAsync("/orders");
        Assert.Equal(Enumerable.Repeat("https://api.example.com/orders Bearer token-1", 4), _seen);
    }

    private async Task<HttpResponseMessage> Receive(HttpRequestMessage request)
    {
        await Task.Yield();
        _seen.Enqueue($"{request.RequestUri} {request.Headers.Authorization}");
        return await ApiClient.Respond(200);
    }
}
