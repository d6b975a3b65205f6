using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Metrics;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Api;

/// <summary>With the handler the platform sends what it would send without it, byte for byte.</summary>
public sealed class WireTests : IDisposable
{
    private static readonly Uri Address = new("http://127.0.0.1:5000/orders");

    private readonly ServiceProvider _services;
    private MemoryStream _sent = new();

    private static readonly Dictionary<string, Action<HttpRequestMessage>> Requests = new(StringComparer.Ordinal)
    {
        ["GET"] = _ => { },
        ["HEAD"] = request => request.Method = HttpMethod.Head,
        ["OPTIONS"] = request => request.Method = HttpMethod.Options,
        ["DELETE"] = request => request.Method = HttpMethod.Delete,
        ["PURGE"] = request => request.Method = new("PURGE"),
        ["query"] = request => request.RequestUri = new(request.RequestUri!, "/a%20b/%2F?q=%C3%A9&r=a+b#fragment"),
        ["HTTP/1.0"] = request => request.Version = HttpVersion.Version10,
        ["text"] = Post(() => new StringContent("an order, caf\u00e9")),
        ["bytes"] = Post(() => new ByteArrayContent([0, 1, 2, 255])),
        ["form"] = Post(() => new FormUrlEncodedContent([new("a", "b c")])),
        ["multipart"] = Post(() => new MultipartFormDataContent("limit") { { new StringContent("a"), "first" } }),
        ["unknown length"] = Post(() => new OneWayContent()),
        ["empty content"] = Post(() => new ByteArrayContent([])),
        ["content headers"] = Post(
            () => new StringContent("x") { Headers = { ContentLanguage = { "de" }, Expires = DateTimeOffset.UnixEpoch } }),
        ["chunked"] = With(Post(() => new StringContent("x")), headers => headers.TransferEncodingChunked = true),
        ["expect"] = With(Post(() => new StringContent("x")), headers => headers.ExpectContinue = true),
        ["expect, turned off"] = With(Post(() => new StringContent("x")), headers => headers.ExpectContinue = false),
        ["close"] = With(headers => headers.ConnectionClose = true),
        ["upgrade"] = With(headers => headers.Upgrade.Add(new("h2c")), headers => headers.Connection.Add("Upgrade")),
        ["mixed case"] = Raw(("x-MiXeD", "1"), ("CONTENT-md5-like", "2")),
        ["two values"] = With(headers => headers.Add("X-Two", ["a", "b, c"])),
        ["twice"] = Raw(("X-Twice", "a"), ("X-Twice", "b"), ("x-twice", "c")),
        ["empty value"] = Raw(("X-Empty", "")),
        ["spaces"] = Raw(("X-Spaces", "  a  b  ")),
        ["not valid"] = Raw(("Accept", "not;;valid"), ("User-Agent", "(((shop"), ("Date", "yesterday"), ("If-Match", "no quotes")),
        ["accept"] = With(headers => headers.Accept.Add(new("application/json", 0.9)), headers => headers.Accept.Add(new("text/plain"))),
        ["user agent"] = With(headers => headers.UserAgent.ParseAdd("shop/1.0 (linux) lib/2")),
        ["languages"] = Raw(("Accept-Language", "de;q=0.8,en"), ("Accept-Encoding", "gzip,br")),
        ["cookie"] = Raw(("Cookie", "a=b; c=d")),
        ["host"] = With(headers => headers.Host = "orders.example.com"),
        ["conditions"] = With(
            headers => headers.IfNoneMatch.Add(new("\"tag\"", isWeak: true)),
            headers => headers.IfModifiedSince = DateTimeOffset.UnixEpoch),
        ["range"] = With(headers => headers.Range = new(1, 9)),
        ["referrer"] = With(
            headers => headers.Referrer = new("https://shop.example.com/a?b"),
            headers => headers.From = "a@example.com",
            headers => headers.MaxForwards = 3),
        ["cache"] = With(
            headers => headers.CacheControl = new() { NoCache = true, MaxAge = TimeSpan.FromSeconds(5) },
            headers => headers.Pragma.Add(new("x", "y"))),
        ["proxies"] = Raw(("Via", "1.1 a, 1.0 b"), ("Warning", "110 a \"stale\""), ("Forwarded", "for=192.0.2.1")),
        ["trace"] = Raw(("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"), ("tracestate", "a=b")),
        ["trailers"] = With(headers => headers.TE.Add(new("trailers")), headers => headers.Trailer.Add("X-Sum")),
        ["read before"] = With(Raw(("Accept", "a/b, not;;valid")), headers => _ = headers.Accept.Count),
        ["Latin-1"] = Raw(("X-Name", "caf\u00e9")),
    };

    public static TheoryData<string> Names => [.. Requests.Keys];

    public WireTests()
    {
        ServiceCollection services = new();
        services.AddSingleton<ITokenProvider>(new NumberedTokens());
        TestProvider.AddClient(services, "orders");
        services.AddHttpClient("with").ConfigurePrimaryHttpMessageHandler(Transport)
            .AddClientCredentialsHandler("orders", options => options.AllowedOrigins = [Address.GetLeftPart(UriPartial.Authority)]);
        services.AddHttpClient("without").ConfigurePrimaryHttpMessageHandler(Transport);
        _services = services.BuildServiceProvider();
    }

    public void Dispose() => _services.Dispose();

    [Theory]
    [Trait("Req", "R-126")]
    [Trait("Req", "R-371")]
    [MemberData(nameof(Names))]
    public async Task A_request_is_sent_as_without_the_handler_but_for_its_token(string name)
    {
        string without = await SendAsync("without", name, headers => headers.Authorization = new("Bearer", "token-1"));
        string with = await SendAsync("with", name, _ => { });
        Assert.Equal(without, with);
        Assert.Contains("Authorization: Bearer token-1\r\n", with, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-126")]
    public async Task Token_is_sent_in_the_Authorization_header_and_nowhere_else()
    {
        foreach (string name in Requests.Keys)
        {
            string[] lines = (await SendAsync("with", name, _ => { })).Split("\r\n");
            Assert.Equal("Authorization: Bearer token-1", Assert.Single(lines, line => line.Contains("token-1", StringComparison.Ordinal)));
        }
    }

    [Fact]
    [Trait("Req", "R-371")]
    public async Task A_callback_of_the_caller_enriches_the_metrics_of_the_platform()
    {
        ConcurrentQueue<string> tags = new();
        using MeterListener listener = new();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Name == "http.client.request.duration")
            {
                self.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<double>((_, _, measured, _) =>
        {
            foreach (KeyValuePair<string, object?> tag in measured)
            {
                tags.Enqueue($"{tag.Key}: {tag.Value}");
            }
        });
        listener.Start();
        using HttpRequestMessage request = new(HttpMethod.Get, Address);
        HttpMetricsEnrichmentContext.AddCallback(request, context => context.AddCustomTag("shop", $"{context.Response?.StatusCode}"));
        using HttpResponseMessage response = await _services.GetRequiredService<IHttpClientFactory>().CreateClient("with")
            .SendAsync(request);
        Assert.Contains("shop: OK", tags);
    }

    private async Task<string> SendAsync(string client, string name, Action<HttpRequestHeaders> last)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, Address);
        Requests[name](request);
        last(request.Headers);
        using HttpResponseMessage response = await _services.GetRequiredService<IHttpClientFactory>().CreateClient(client)
            .SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return Encoding.Latin1.GetString(_sent.ToArray());
    }

    private SocketsHttpHandler Transport() => new()
    {
        RequestHeaderEncodingSelector = (_, _) => Encoding.Latin1,
        ConnectCallback = (_, _) => new(_sent = new RecordingStream()),
    };

    private static Action<HttpRequestMessage> Post(Func<HttpContent> content) =>
        request => (request.Method, request.Content) = (HttpMethod.Post, content());

    private static Action<HttpRequestMessage> With(params Action<HttpRequestHeaders>[] changes) =>
        request => Array.ForEach(changes, change => change(request.Headers));

    private static Action<HttpRequestMessage> With(Action<HttpRequestMessage> first, Action<HttpRequestHeaders> change) => request =>
    {
        first(request);
        change(request.Headers);
    };

    private static Action<HttpRequestMessage> Raw(params (string Name, string Value)[] headers) => request =>
        Array.ForEach(headers, header => Assert.True(request.Headers.TryAddWithoutValidation(header.Name, header.Value)));

    /// <summary>A connection that records what is written to it and responds with 200.</summary>
    private sealed class RecordingStream : MemoryStream
    {
        private readonly MemoryStream _response =
            new("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"u8.ToArray());

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            _response.ReadAsync(buffer, cancellationToken);
    }
}
