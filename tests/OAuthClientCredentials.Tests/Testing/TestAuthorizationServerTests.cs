using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Testing;

/// <summary>The Testing package: the server, the API and the fake token.</summary>
public sealed class TestAuthorizationServerTests
{
    private readonly TestTimeProvider _time = new();
    private readonly TestAuthorizationServer _server;

    public TestAuthorizationServerTests() => _server = new(_time);

    public static TheoryData<string, TestResponse, string?, bool?, HttpStatusCode?> Responses => new()
    {
        { "error", TestResponse.Error("invalid_target", "no such API"), "invalid_target", false, HttpStatusCode.BadRequest },
        { "client error", TestResponse.Error("invalid_client"), "invalid_client", false, HttpStatusCode.Unauthorized },
        { "status", TestResponse.Status(HttpStatusCode.OK, "<html>", "text/html"), null, false, HttpStatusCode.OK },
        { "malformed", TestResponse.MalformedJson(), null, false, HttpStatusCode.OK },
        { "503", TestResponse.Unavailable(), null, true, HttpStatusCode.ServiceUnavailable },
        { "429", TestResponse.TooManyRequests(TimeSpan.FromSeconds(50)), null, true, HttpStatusCode.TooManyRequests },
        { "refused", TestResponse.ConnectionRefused(), null, true, null },
        { "nonce", TestResponse.NonceChallenge("n-1"), "use_dpop_nonce", false, HttpStatusCode.BadRequest },
        { "custom", TestResponse.Custom(() => new HttpResponseMessage(HttpStatusCode.Conflict)), null, false, HttpStatusCode.Conflict },
    };

    [Theory]
    [Trait("Req", "R-331")]
    [InlineData("https://id.example.com")]
    [InlineData("https://id.example.com/")]
    [InlineData("https://id.example.com/tenant/")]
    [InlineData("https://id.example.com/tenant")]
    public async Task Server_has_metadata_for_any_issuer_and_causes_no_warnings(string issuer)
    {
        using LogLines log = new();
        await using TestProvider provider = new(options => (options.Authority, options.TokenEndpoint) = (issuer, null), _server, log: log);
        Assert.Equal("token-1", await provider.GetAsync());
        Assert.Equal(1, _server.MetadataRequests);
        Assert.DoesNotContain(
            log.Lines,
            line => line.StartsWith("Warning", StringComparison.Ordinal) || line.StartsWith("Error", StringComparison.Ordinal));
    }

    [Fact]
    [Trait("Req", "R-331")]
    public async Task Registered_clients_have_a_secret_scopes_and_a_lifetime()
    {
        _server.AddClient("shop", "secret").WithLifetime(TimeSpan.FromSeconds(90)).WithScopes("read", "write");
        await using TestProvider provider = new(server: _server);
        AccessToken token = await provider.Tokens.GetTokenAsync(request: new() { Scopes = ["read"] });
        Assert.Equal(_time.GetUtcNow().AddSeconds(90), token.ExpiresAt);
        Assert.Equal("invalid_scope", (await provider.FailAsync(request: new() { Scopes = ["burn"] })).Error);
        await using TestProvider wrong = new(options => options.ClientSecret = "wrong", _server);
        Assert.Equal("invalid_client", (await wrong.FailAsync()).Error);
        await using TestProvider unknown = new(options => options.ClientId = "unknown", _server);
        Assert.Equal("invalid_client", (await unknown.FailAsync()).Error);
    }

    [Theory]
    [Trait("Req", "R-331")]
    [InlineData("client_secret_basic")]
    [InlineData("client_secret_post")]
    public async Task Secret_is_decoded_as_servers_do(string method)
    {
        const string Secret = "s p:a+c%e/é";
        _server.AddClient("sh:op", Secret);
        await using TestProvider provider = new(
            options => (options.ClientId, options.ClientSecret, options.AuthenticationMethod) = ("sh:op", Secret, method),
            _server);
        await provider.GetAsync();
        TestTokenRequest request = Assert.Single(_server.Requests);
        Assert.Equal(("sh:op", method), (request.ClientId, request.AuthenticationMethod));
        Assert.Equal((true, false), (request.Used(Secret), request.Used("other")));
    }

    [Theory]
    [Trait("Req", "R-331")]
    [MemberData(nameof(Responses))]
    public async Task Each_response_has_the_error_and_status_of_its_name(
        string name,
        TestResponse response,
        string? error,
        bool? isTransient,
        HttpStatusCode? status)
    {
        _server.Next(response);
        await using TestProvider provider = new(server: _server);
        TokenRequestException exception = await provider.FailAsync();
        Assert.Equal((name, error, isTransient, status), (name, exception.Error, exception.IsTransient, exception.StatusCode));
        Assert.Equal(name == "429" ? TimeSpan.FromSeconds(50) : null, exception.RetryAfter);
    }

    [Fact]
    [Trait("Req", "R-331")]
    public async Task Scripted_responses_come_in_order_until_Recover()
    {
        _server.Always(TestResponse.Unavailable());
        _server.Next(
            TestResponse.Token(scope: "read"),
            TestResponse.TokenWithoutLifetime(),
            TestResponse.SameToken(),
            TestResponse.Token(TimeSpan.FromSeconds(7), "mine"));
        await using TestProvider provider = new(server: _server);
        Assert.Equal(["read"], (await GetAsync(provider, "read")).Scopes);
        AccessToken withoutLifetime = await GetAsync(provider, "a");
        Assert.Equal(_time.GetUtcNow().AddMinutes(5), withoutLifetime.ExpiresAt);
        Assert.Equal(withoutLifetime.Value, (await GetAsync(provider, "b")).Value);
        AccessToken mine = await GetAsync(provider, "c");
        Assert.Equal(("mine", _time.GetUtcNow().AddSeconds(7)), (mine.Value, mine.ExpiresAt));
        Assert.True((await provider.FailAsync(request: new() { Scopes = ["d"] })).IsTransient);
        _server.Recover();
        Assert.Equal("token-4", (await GetAsync(provider, "e")).Value);
    }

    [Fact]
    [Trait("Req", "R-331")]
    public async Task Response_may_be_slow_or_never_come()
    {
        _server.Next(TestResponse.Token().After(TimeSpan.FromSeconds(3)), TestResponse.Never());
        await using TestProvider provider = new(server: _server);
        Task<string> slow = provider.GetAsync();
        await Eventually.True(() => _server.Requests.Count == 1);
        Assert.False(slow.IsCompleted);
        await _time.AdvanceUntilAsync(slow);
        Task<TokenRequestException> never = provider.FailAsync(request: new() { Scopes = ["x"] });
        await Eventually.True(() => _server.Requests.Count == 2);
        await _time.AdvanceUntilAsync(never);
        Assert.Contains("10 seconds", (await never).Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-331")]
    public async Task Verify_lists_the_requests_without_secrets_when_the_number_differs()
    {
        _server.AddClient("shop", "canary-secret");
        await using TestProvider basic = new(options => options.ClientSecret = "canary-wrong", _server);
        await basic.FailAsync(request: new() { Scopes = ["read"] });
        await using TestProvider post = new(
            options => (options.ClientSecret, options.AuthenticationMethod) = ("canary-secret", "client_secret_post"),
            _server);
        _time.Advance(TimeSpan.FromSeconds(1.5));
        await post.GetAsync();
        string message = Assert.Throws<TestAssertionException>(() => _server.Verify(1)).Message;
        Assert.StartsWith("Expected 1 token request, but ", message, StringComparison.Ordinal);
        Assert.EndsWith(
            """
              1. 00:00:00.000 shop client_secret_basic grant_type=client_credentials scope=read -> 401
              2. 00:00:01.500 shop client_secret_post grant_type=client_credentials client_secret=*** -> 200
            """.ReplaceLineEndings("\n"),
            message,
            StringComparison.Ordinal);
        string ofAKind =
            Assert.Throws<TestAssertionException>(() => _server.Verify(2, request => request.Scopes.Contains("read"))).Message;
        Assert.StartsWith("Expected 2 token requests with request => request.Scopes.Contains", ofAKind, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", message + ofAKind, StringComparison.Ordinal);
        string none = Assert.Throws<TestAssertionException>(() => new TestAuthorizationServer().Verify(3)).Message;
        Assert.StartsWith("Expected 3 token requests, but ", none, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-331")]
    public async Task Api_accepts_a_token_until_it_expires_or_is_revoked()
    {
        TestApi api = _server.CreateApi(_ => new HttpResponseMessage { Content = new StringContent("42 orders") });
        await using TestProvider provider = TestProvider.WithServices(
            services =>
            {
                TestProvider.AddClient(services, "shop");
                services.AddHttpClient("orders", client => client.BaseAddress = new("https://orders.example.com"))
                    .AddClientCredentialsHandler("shop");
                services.UseTestApi("orders", api);
            },
            _server);
        HttpClient orders = provider.Services.GetRequiredService<IHttpClientFactory>().CreateClient("orders");
        Assert.Equal("42 orders", await orders.GetStringAsync("/"));
        _server.RevokeTokens("somebody else");
        Assert.Equal("42 orders", await orders.GetStringAsync("/"));
        Assert.Equal(0, api.Unauthorized);
        _server.RevokeTokens("shop");
        Assert.Equal("42 orders", await orders.GetStringAsync("/"));
        Assert.Equal((4, 1), (api.Calls, api.Unauthorized));
        using HttpClient stranger = new(api, disposeHandler: false);
        using HttpRequestMessage forged = new(HttpMethod.Get, "https://orders.example.com/");
        forged.Headers.Authorization = new("Bearer", "token-99");
        using HttpResponseMessage refused = await stranger.SendAsync(forged);
        Assert.Equal("Bearer error=\"invalid_token\"", refused.Headers.WwwAuthenticate.ToString());
    }

    [Fact]
    [Trait("Req", "R-331")]
    public async Task Server_listens_on_a_loopback_port_too()
    {
        await using TestAuthorizationServer server = new();
        server.AddClient("shop", "secret");
        Uri address = server.Listen();
        await using TokenProvider tokens = TokenProvider.Create(options =>
            (options.Authority, options.ClientId, options.ClientSecret, options.MaxRetries) = (address.ToString(), "shop", "secret", 0));
        Assert.Equal("token-1", (await tokens.GetTokenAsync()).Value);
        server.Outage();
        TokenRequestException exception = await Assert.ThrowsAsync<TokenRequestException>(
            async () => await tokens.GetTokenAsync(request: new TokenRequest { Audience = "x" }));
        Assert.True(exception.IsTransient, exception.ToString());
        server.Verify(2, request => request.ClientId == "shop");
    }

    [Fact]
    [Trait("Req", "R-086")]
    [Trait("Req", "R-331")]
    public async Task Server_on_a_loopback_port_sends_the_Date_of_its_clock()
    {
        await using TestAuthorizationServer server = new(_time);
        using HttpClient client = new();
        using HttpResponseMessage response = await client.GetAsync(new Uri(server.Listen(), "/.well-known/oauth-authorization-server"));
        Assert.Equal(_time.GetUtcNow(), response.Headers.Date);
    }

    [Fact]
    [Trait("Req", "R-331")]
    public async Task Fake_token_needs_no_secret_and_no_server()
    {
        using StubHandler echo = new(request => new() { Content = new StringContent($"{request.Headers.Authorization}") });
        ServiceCollection services = new();
        services.AddClientCredentials("orders", options => options.Scopes = ["read"]);
        services.AddHttpClient("orders", client => client.BaseAddress = new("https://orders.example.com"))
            .AddClientCredentialsHandler("orders")
            .ConfigurePrimaryHttpMessageHandler(() => echo);
        services.UseFakeAccessToken("constant");
        await using ServiceProvider provider = services.BuildServiceProvider();
        provider.GetRequiredService<IStartupValidator>().Validate();
        HttpClient orders = provider.GetRequiredService<IHttpClientFactory>().CreateClient("orders");
        Assert.Equal("Bearer constant", await orders.GetStringAsync("/"));
    }

    private static async Task<AccessToken> GetAsync(TestProvider provider, string scope) =>
        await provider.Tokens.GetTokenAsync(request: new() { Scopes = [scope] });
}
