using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Http.Metrics;
using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Api;

/// <summary>The handler sends a copy: the caller's request stays as it was, and nothing that happens to it changes what is sent.</summary>
public sealed class CopyTests
{
    private static readonly Uri Elsewhere = new("https://elsewhere.example.com/");

    public static TheoryData<string> Outcomes => ["200", "401 once", "401 always", "failure", "redirect", "synchronous"];

    [Theory]
    [Trait("Req", "R-112")]
    [Trait("Req", "R-371")]
    [MemberData(nameof(Outcomes))]
    public async Task The_callers_request_is_as_it_was_whatever_the_outcome(string outcome)
    {
        int sends = 0;
        NumberedTokens tokens = new();
        await using ApiClient api = new(tokens, async request =>
        {
            await (outcome == "synchronous" ? Task.CompletedTask : Task.Run(() => { }));
            Assert.StartsWith("Bearer token-", request.Headers.Authorization!.ToString(), StringComparison.Ordinal);
            request.Headers.Add("X-Written-Below", "1");
            if (outcome == "redirect")
            {
                (request.RequestUri, request.Headers.Authorization) = (Elsewhere, null);
                (request.Method, request.Content) = (HttpMethod.Get, null);
            }

            return outcome switch
            {
                "failure" => throw new HttpRequestException("down"),
                "401 always" => await ApiClient.Respond(401),
                "401 once" => await ApiClient.Respond(++sends == 1 ? 401 : 200),
                _ => await ApiClient.Respond(200),
            };
        });
        using StringContent content = new("an order");
        using HttpRequestMessage request = new(HttpMethod.Post, "/orders") { Content = content };
        request.Headers.Add("X-Own", ["a", "b"]);
        request.Options.Set(new HttpRequestOptionsKey<string>("own"), "value");
        HttpResponseMessage? response = null;
        Exception? failure = outcome == "synchronous"
            ? Record.Exception(() => response = api.Http.Send(request))
            : await Record.ExceptionAsync(async () => response = await api.Http.SendAsync(request));

        Assert.Equal(outcome == "failure", failure is HttpRequestException);
        Assert.Equal(
            (HttpMethod.Post, new Uri("https://api.example.com/orders"), content),
            (request.Method, request.RequestUri, request.Content));
        Assert.Equal(["X-Own: a, b"], request.Headers.NonValidated.Select(header => $"{header.Key}: {header.Value}"));
        Assert.Single(request.Options);
        Assert.Equal("an order", await content.ReadAsStringAsync());
        if (response is not null)
        {
            Assert.NotSame(request, response.RequestMessage);
            Assert.Null(response.RequestMessage!.Headers.Authorization);
            Assert.Equal(outcome == "redirect" ? Elsewhere : request.RequestUri, response.RequestMessage.RequestUri);
        }
    }

    [Fact]
    [Trait("Req", "R-371")]
    public async Task The_copy_has_everything_that_the_request_has()
    {
        HttpRequestMessage? sent = null;
        await using ApiClient api = new(new NumberedTokens(), request =>
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

    [Fact]
    [Trait("Req", "R-114")]
    public async Task A_header_that_holds_a_token_of_another_client_is_the_callers_own()
    {
        NumberedTokens tokens = new();
        tokens.Get = name => new(tokens.Create($"token-of-{name}"));
        List<string?> seen = [];
        await using ApiClient api = new(tokens, request =>
        {
            seen.Add(request.Headers.Authorization?.Parameter);
            return ApiClient.Respond(401);
        });
        (await api.Http.GetAsync("/warm")).Dispose();
        using HttpRequestMessage request = new(HttpMethod.Get, "/orders");
        request.Headers.Authorization = (await tokens.GetTokenAsync("tenant-7")).AuthorizationHeader;
        using HttpResponseMessage response = await api.Http.SendAsync(request);
        Assert.Equal("token-of-tenant-7", seen[^1]);
        Assert.NotNull(request.Headers.Authorization);
    }

    [Fact]
    [Trait("Req", "R-114")]
    public async Task OverwriteAuthorization_overwrites_on_the_copy_only()
    {
        List<string?> seen = [];
        await using ApiClient api = new(
            new NumberedTokens(),
            request =>
            {
                seen.Add(request.Headers.Authorization?.ToString());
                return ApiClient.Respond(200);
            },
            options => options.OverwriteAuthorization = true);
        using HttpRequestMessage request = new(HttpMethod.Get, "/orders");
        request.Headers.Authorization = new("Basic", "bWluZQ==");
        using HttpResponseMessage response = await api.Http.SendAsync(request);
        Assert.Equal(["Bearer token-1"], seen);
        Assert.Equal("Basic bWluZQ==", request.Headers.Authorization.ToString());
    }

    [Fact]
    [Trait("Req", "R-112")]
    public async Task A_request_that_is_re_pointed_while_its_token_is_awaited_takes_no_token_there()
    {
        TaskCompletionSource<AccessToken> arrival = new(TaskCreationOptions.RunContinuationsAsynchronously);
        NumberedTokens tokens = new();
        tokens.Get = _ => new(arrival.Task);
        List<string> seen = [];
        await using ApiClient api = new(
            tokens,
            request =>
            {
                lock (seen)
                {
                    seen.Add($"{request.RequestUri!.Host} {request.Headers.Authorization?.Parameter}");
                }

                return ApiClient.Respond(200);
            },
            outside: builder => builder.AddHttpMessageHandler(() => new GivesUpAndGoesElsewhere(() => arrival.SetResult(tokens.Current))));
        OriginNotAllowedException refused = await Assert.ThrowsAsync<OriginNotAllowedException>(() => api.Http.GetAsync("/orders"));
        Assert.Contains("elsewhere.example.com", refused.Message, StringComparison.Ordinal);
        await Eventually.True(() => seen.Count == 1);
        Assert.Equal(["api.example.com token-1"], seen);
    }

    [Fact]
    [Trait("Req", "R-112")]
    public async Task Parallel_sends_of_one_request_carry_a_token_each()
    {
        System.Collections.Concurrent.ConcurrentQueue<string?> seen = new();
        await using ApiClient api = new(
            new NumberedTokens(),
            async request =>
            {
                await Task.Yield();
                seen.Enqueue($"{request.RequestUri} {request.Headers.Authorization}");
                return await ApiClient.Respond(200);
            },
            outside: builder => builder.AddHttpMessageHandler(() => new FourTimes()));
        using HttpResponseMessage response = await api.Http.GetAsync("/orders");
        Assert.Equal(Enumerable.Repeat("https://api.example.com/orders Bearer token-1", 4), seen);
    }

    [Fact]
    [Trait("Req", "R-371")]
    public async Task The_platforms_metrics_are_enriched_by_the_callers_callback()
    {
        await using TestHost api = await TestHost.StartAsync(_ => Task.CompletedTask);
        List<string> tags = [];
        using MeterListener listener = new() { InstrumentPublished = (instrument, self) => Enable(instrument, self) };
        listener.SetMeasurementEventCallback<double>((_, _, measured, _) => Note(measured));
        listener.Start();
        using HttpRequestMessage request = new(HttpMethod.Get, "/orders");
        HttpMetricsEnrichmentContext.AddCallback(
            request,
            context => context.AddCustomTag("shop.enriched", $"{context.Response?.StatusCode}"));
        using HttpResponseMessage response = await api.Client.SendAsync(request);
        Assert.Contains("OK", tags);

        static void Enable(Instrument instrument, MeterListener self)
        {
            if (instrument.Name == "http.client.request.duration")
            {
                self.EnableMeasurementEvents(instrument);
            }
        }

        void Note(ReadOnlySpan<KeyValuePair<string, object?>> measured)
        {
            foreach (KeyValuePair<string, object?> tag in measured)
            {
                if (tag.Key == "shop.enriched")
                {
                    tags.Add($"{tag.Value}");
                }
            }
        }
    }

    private sealed class GivesUpAndGoesElsewhere(Action tokenArrives) : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            _ = base.SendAsync(request, cancellationToken);
            request.RequestUri = Elsewhere;
            tokenArrives();
            return await base.SendAsync(request, cancellationToken);
        }
    }

    private sealed class FourTimes : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Task<HttpResponseMessage>[] sends = [.. Enumerable.Range(0, 4).Select(_ => base.SendAsync(request, cancellationToken))];
            return (await Task.WhenAll(sends))[0];
        }
    }
}
