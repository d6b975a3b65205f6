using System.Net;
using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Api;

/// <summary>What the handler does with a request before it is sent, and with a synchronous one.</summary>
public sealed class AccessTokenHandlerTests
{
    private static readonly Uri Elsewhere = new("https://elsewhere.example.com/");

    private readonly TestAuthorizationServer _server = new();
    private readonly List<string> _seen = [];

    [Fact]
    [Trait("Req", "R-067")]
    public async Task Without_a_token_no_request_is_sent()
    {
        _server.Always(TestResponse.Status(HttpStatusCode.InternalServerError));
        await using ApiClient api = new(_server, Receive);
        await Assert.ThrowsAsync<TokenRequestException>(() => api.Http.GetAsync("/"));
        await Assert.ThrowsAsync<TokenRequestException>(() => api.Http.PostAsync("/", new StringContent("an order")));
        Assert.Empty(_seen);
    }

    [Fact]
    [Trait("Req", "R-067")]
    public async Task A_request_can_choose_another_token_or_none()
    {
        await using ApiClient api = new(_server, Receive);
        using HttpRequestMessage other = new HttpRequestMessage(HttpMethod.Get, "/other").SetTokenRequest(new() { Scopes = ["write"] });
        using HttpRequestMessage none = new HttpRequestMessage(HttpMethod.Get, "/none").SkipAccessToken();
        using HttpResponseMessage first = await api.Http.GetAsync("/");
        using HttpResponseMessage second = await api.Http.SendAsync(other);
        using HttpResponseMessage third = await api.Http.SendAsync(none);
        Assert.Equal(["/ Bearer token-1", "/other Bearer token-2", "/none "], _seen);
        Assert.Equal(["write"], _server.Requests[1].Scopes);
    }

    [Fact]
    [Trait("Req", "R-110")]
    public async Task SendWithoutTokenToOtherOrigins_sends_the_request_without_a_token()
    {
        await using ApiClient api = new(_server, Receive, options => options.SendWithoutTokenToOtherOrigins = true);
        using HttpResponseMessage own = await api.Http.GetAsync("/own");
        using HttpResponseMessage other = await api.Http.GetAsync(new Uri(Elsewhere, "/other"));
        Assert.Equal(["/own Bearer token-1", "/other "], _seen);
    }

    [Fact]
    [Trait("Req", "R-066")]
    public async Task Resilience_in_the_defaults_of_all_clients_does_not_wrap_token_requests()
    {
        _server.Always(TestResponse.Unavailable());
        ServiceCollection services = new();
        services.ConfigureHttpClientDefaults(client => client.AddClientCredentialsHandler().AddStandardResilienceHandler());
        TestProvider.AddClient(services, "");
        services.AddHttpClient("api", client => client.BaseAddress = ApiClient.Address)
            .ConfigurePrimaryHttpMessageHandler(() => new StubHandler((request, _) => Receive(request)));
        await using ServiceProvider provider = services.UseTestAuthorizationServer(_server).BuildServiceProvider();
        HttpClient http = provider.GetRequiredService<IHttpClientFactory>().CreateClient("api");
        await Assert.ThrowsAsync<TokenRequestException>(() => http.GetAsync("/"));
        Assert.Empty(_seen);
        _server.Verify(1);
    }

    [Fact]
    [Trait("Req", "R-343")]
    public async Task A_call_after_the_timeout_of_its_caller_finds_the_token()
    {
        TaskCompletionSource open = new();
        _server.Next(TestResponse.Token().After(open.Task));
        await using ApiClient api = new(_server, Receive);
        HttpClient impatient = api.Services.GetRequiredService<IHttpClientFactory>().CreateClient("api");
        impatient.Timeout = TimeSpan.FromMilliseconds(50);
        TaskCanceledException exception = await Assert.ThrowsAsync<TaskCanceledException>(() => impatient.GetAsync("/"));
        Assert.IsType<TimeoutException>(exception.InnerException);
        open.SetResult();
        using HttpResponseMessage response = await api.Http.GetAsync("/");
        Assert.Equal(["/ Bearer token-1"], _seen);
        _server.Verify(1);
    }

    [Fact]
    [Trait("Req", "R-095")]
    public async Task Send_uses_a_cached_token_and_throws_if_there_is_none()
    {
        TaskCompletionSource open = new();
        _server.Next(TestResponse.Token().After(open.Task));
        await using ApiClient api = new(_server, Receive);
        NotSupportedException exception = Assert.Throws<NotSupportedException>(() => Send(api));
        Assert.Contains("SendAsync", exception.Message, StringComparison.Ordinal);
        open.SetResult();
        using HttpResponseMessage first = await api.Http.GetAsync("/");
        using HttpResponseMessage second = Send(api);
        Assert.Equal(HttpStatusCode.OK, second.StatusCode);
        _server.Verify(1);
    }

    [Fact]
    [Trait("Req", "R-095")]
    [Trait("Req", "R-117")]
    public async Task Send_returns_a_401_at_once_and_renews_the_token_in_the_background()
    {
        await using ApiClient api = new(_server, ApiClient.RejectFirstToken);
        await api.Services.GetRequiredService<ITokenProvider>().GetTokenAsync("orders");
        using HttpResponseMessage response = Send(api);
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        await Eventually.True(() => _server.Requests.Count == 2);
        using HttpResponseMessage next = await api.Http.GetAsync("/");
        Assert.Equal(HttpStatusCode.OK, next.StatusCode);
        _server.Verify(2);
    }

    [Fact]
    [Trait("Req", "R-095")]
    [Trait("Req", "R-121")]
    public async Task Send_renews_nothing_after_a_redirect()
    {
        NumberedTokens tokens = new();
        await using ApiClient api = new(tokens, request =>
        {
            request.RequestUri = Elsewhere;
            return ApiClient.Respond(401);
        });
        using HttpResponseMessage response = Send(api);
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Empty(tokens.Renewals);
    }

    // The reload changes one option: plain http was allowed before.
    [Theory]
    [Trait("Req", "R-004")]
    [Trait("Req", "R-310")]
    [InlineData("orders:AllowInsecureHttp", "false", 1)]
    [InlineData("orders:ClientId", "", 2)]
    public async Task A_reload_reaches_the_handler_unless_it_is_invalid(string key, string value, int sends)
    {
        await using TestProvider provider = TestProvider.FromConfiguration(
            [.. TestProvider.Settings("orders"), ("orders:AllowInsecureHttp", "true")],
            services => services.AddHttpClient("api", client => client.BaseAddress = new("http://api.internal"))
                .AddClientCredentialsHandler("orders")
                .ConfigurePrimaryHttpMessageHandler(() => new StubHandler((request, _) => Receive(request))));
        HttpClient http = provider.Services.GetRequiredService<IHttpClientFactory>().CreateClient("api");
        (await http.GetAsync("/")).Dispose();
        provider.Reload(key, value);
        Exception? refused = await Record.ExceptionAsync(() => http.GetAsync("/"));
        Assert.Equal(sends == 1, refused is OriginNotAllowedException);
        Assert.Equal(sends, _seen.Count);
    }

    private static HttpResponseMessage Send(ApiClient api)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, "/");
        return api.Http.Send(request);
    }

    private Task<HttpResponseMessage> Receive(HttpRequestMessage request)
    {
        _seen.Add($"{request.RequestUri!.AbsolutePath} {request.Headers.Authorization}");
        return ApiClient.Respond(200);
    }
}
