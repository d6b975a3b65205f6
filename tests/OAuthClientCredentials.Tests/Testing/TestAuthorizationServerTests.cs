using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using OAuthClientCredentials.Testing;

namespace OAuthClientCredentials.Tests.Testing;

public sealed class TestAuthorizationServerTests
{
    private readonly TestTimeProvider _time = new();
    private readonly TestAuthorizationServer _server;

    public TestAuthorizationServerTests() => _server = new(_time);

    [Theory]
    [Trait("Req", "R-331")]
    [InlineData("https://id.example.com")]
    [InlineData("https://id.example.com/")]
    [InlineData("https://id.example.com/tenant/")]
    [InlineData("https://id.example.com/tenant")]
    public async Task It_serves_the_metadata_of_whatever_issuer_the_application_names(string issuer)
    {
        await using ServiceProvider services = Register(options => (options.Authority, options.TokenEndpoint) = (issuer, null));
        Assert.Equal("token-1", (await GetAsync(services)).Value);
        Assert.Equal(1, _server.MetadataRequests);
    }

    [Fact]
    [Trait("Req", "R-331")]
    public async Task Registered_clients_are_held_to_secret_scope_and_lifetime()
    {
        _server.AddClient("shop", "secret").WithLifetime(TimeSpan.FromSeconds(90)).WithScopes("read", "write");
        await using ServiceProvider services = Register();
        AccessToken token = await GetAsync(services, "read");
        Assert.Equal(_time.GetUtcNow().AddSeconds(90), token.ExpiresAt);
        Assert.Equal("invalid_scope", (await FailAsync(services, "burn")).Error);
        await using ServiceProvider wrong = Register(options => options.ClientSecret = "wrong");
        Assert.Equal("invalid_client", (await FailAsync(wrong)).Error);
        await using ServiceProvider unknown = Register(options => options.ClientId = "unknown");
        Assert.Equal("invalid_client", (await FailAsync(unknown)).Error);
    }

    [Theory]
    [Trait("Req", "R-331")]
    [InlineData("client_secret_basic", "s p:a+c%e/é")]
    [InlineData("client_secret_post", "s p:a+c%e/é")]
    public async Task It_reads_a_secret_as_servers_do(string method, string secret)
    {
        _server.AddClient("sh:op", secret);
        await using ServiceProvider services = Register(options => (options.ClientId, options.ClientSecret, options.AuthenticationMethod) = ("sh:op", secret, method));
        await GetAsync(services);
        TestTokenRequest request = Assert.Single(_server.Requests);
        Assert.Equal(("sh:op", method, true, false), (request.ClientId, request.AuthenticationMethod, request.Used(secret), request.Used("other")));
    }

    public static TheoryData<string, TestResponse, string?, bool?, HttpStatusCode?> Answers => new()
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
    [MemberData(nameof(Answers))]
    public async Task Every_answer_is_what_it_says(string name, TestResponse answer, string? error, bool? isTransient, HttpStatusCode? status)
    {
        _server.Next(answer);
        await using ServiceProvider services = Register();
        TokenRequestException exception = await FailAsync(services);
        Assert.Equal((name, error, isTransient, status), (name, exception.Error, exception.IsTransient, exception.StatusCode));
        Assert.Equal(name == "429" ? TimeSpan.FromSeconds(50) : null, exception.RetryAfter);
    }

    [Fact]
    [Trait("Req", "R-331")]
    public async Task A_script_is_followed_in_order_and_then_forgotten()
    {
        _server.Always(TestResponse.Unavailable());
        _server.Next(TestResponse.Token(scope: "read"), TestResponse.TokenWithoutLifetime(), TestResponse.SameToken(), TestResponse.Token(TimeSpan.FromSeconds(7), "mine"));
        await using ServiceProvider services = Register();
        Assert.Equal(["read"], (await GetAsync(services, "read")).Scopes);
        AccessToken withoutLifetime = await GetAsync(services, "a");
        Assert.Equal(_time.GetUtcNow().AddMinutes(5), withoutLifetime.ExpiresAt);
        Assert.Equal(withoutLifetime.Value, (await GetAsync(services, "b")).Value);
        AccessToken mine = await GetAsync(services, "c");
        Assert.Equal(("mine", _time.GetUtcNow().AddSeconds(7)), (mine.Value, mine.ExpiresAt));
        Assert.True((await FailAsync(services, "d")).IsTransient);
        _server.Recover();
        Assert.Equal("token-4", (await GetAsync(services, "e")).Value);
    }

    [Fact]
    [Trait("Req", "R-331")]
    public async Task An_answer_may_be_slow_or_never_come()
    {
        _server.Next(TestResponse.Token().After(TimeSpan.FromSeconds(3)), TestResponse.Never());
        await using ServiceProvider services = Register();
        Task<AccessToken> slow = GetAsync(services);
        await Infrastructure.Eventually.True(() => _server.Requests.Count == 1);
        Assert.False(slow.IsCompleted);
        while (!slow.IsCompleted)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        Task<TokenRequestException> never = FailAsync(services, "x");
        await Infrastructure.Eventually.True(() => _server.Requests.Count == 2);
        while (!never.IsCompleted)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        Assert.Contains("could not get a token within 10 seconds", (await never).Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-331")]
    public async Task What_came_is_told_without_secrets_when_it_is_not_what_was_expected()
    {
        _server.AddClient("shop", "canary-secret");
        await using ServiceProvider services = Register(options => options.ClientSecret = "canary-wrong");
        await FailAsync(services, "read");
        await using ServiceProvider post = Register(options => (options.ClientSecret, options.AuthenticationMethod) = ("canary-secret", "client_secret_post"));
        _time.Advance(TimeSpan.FromSeconds(1.5));
        await GetAsync(post);
        TestAssertionException exception = Assert.Throws<TestAssertionException>(() => _server.Verify(1));
        Assert.Equal(
            """
            Expected 1 token request, but received 2. Received requests:
              1. 00:00:00.000 shop client_secret_basic grant_type=client_credentials scope=read -> 401
              2. 00:00:01.500 shop client_secret_post grant_type=client_credentials client_secret=*** -> 200
            """.ReplaceLineEndings("\n"),
            exception.Message);
        exception = Assert.Throws<TestAssertionException>(() => _server.Verify(2, request => request.Scopes.Contains("read")));
        Assert.StartsWith("Expected 2 token requests with request => request.Scopes.Contains(\"read\"), but received 1. Received requests:", exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", exception.Message, StringComparison.Ordinal);
        Assert.Equal("Expected 3 token requests, but received 0. No token request was received.", Assert.Throws<TestAssertionException>(() => new TestAuthorizationServer().Verify(3)).Message);
    }

    [Fact]
    [Trait("Req", "R-331")]
    public async Task The_API_takes_what_was_issued_until_it_expires_or_is_revoked()
    {
        TestApi api = _server.CreateApi(_ => new HttpResponseMessage { Content = new StringContent("42 orders") });
        await using ServiceProvider services = Register(more: registered =>
        {
            registered.AddHttpClient("orders", client => client.BaseAddress = new("https://orders.example.com")).AddClientCredentialsHandler("shop");
            registered.UseTestApi("orders", api);
        });
        HttpClient orders = services.GetRequiredService<IHttpClientFactory>().CreateClient("orders");
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
    public async Task It_listens_on_a_loopback_port_too()
    {
        await using TestAuthorizationServer server = new();
        server.AddClient("shop", "secret");
        Uri address = server.Listen();
        await using TokenProvider tokens = TokenProvider.Create(options => (options.Authority, options.ClientId, options.ClientSecret, options.MaxRetries) = (address.ToString(), "shop", "secret", 0));
        Assert.Equal("token-1", (await tokens.GetTokenAsync()).Value);
        server.Outage();
        TokenRequestException exception = await Assert.ThrowsAsync<TokenRequestException>(async () => await tokens.GetTokenAsync(request: new TokenRequest { Audience = "x" }));
        Assert.True(exception.IsTransient, exception.ToString());
        server.Verify(2, request => request.ClientId == "shop");
    }

    [Fact]
    [Trait("Req", "R-331")]
    public async Task A_fake_token_needs_neither_secret_nor_server()
    {
        ServiceCollection services = new();
        services.AddClientCredentials("orders", options => options.Scopes = ["read"]);
        services.AddHttpClient("orders", client => client.BaseAddress = new("https://orders.example.com")).AddClientCredentialsHandler("orders").ConfigurePrimaryHttpMessageHandler(() => new Echo());
        services.UseFakeAccessToken("constant");
        await using ServiceProvider provider = services.BuildServiceProvider();
        provider.GetRequiredService<IStartupValidator>().Validate();
        Assert.Equal("Bearer constant", await provider.GetRequiredService<IHttpClientFactory>().CreateClient("orders").GetStringAsync("/"));
    }

    [Fact]
    [Trait("Req", "R-331")]
    public async Task It_says_nothing_in_the_applications_log_that_the_application_would_not()
    {
        using Infrastructure.LogLines log = new();
        await using ServiceProvider services = Register(more: registered => registered.AddSingleton<Microsoft.Extensions.Logging.ILoggerProvider>(log));
        await GetAsync(services);
        Assert.DoesNotContain(log.Lines, line => line.StartsWith("Warning", StringComparison.Ordinal) || line.StartsWith("Error", StringComparison.Ordinal));
    }

    private static async Task<AccessToken> GetAsync(ServiceProvider services, string? scope = null) =>
        await services.GetRequiredService<ITokenProvider>().GetTokenAsync("shop", scope is null ? null : new TokenRequest { Scopes = [scope] });

    private static Task<TokenRequestException> FailAsync(ServiceProvider services, string? scope = null) =>
        Assert.ThrowsAsync<TokenRequestException>(() => GetAsync(services, scope));

    private ServiceProvider Register(Action<ClientCredentialsOptions>? configure = null, Action<IServiceCollection>? more = null)
    {
        ServiceCollection services = new();
        services.AddClientCredentials("shop", options =>
        {
            (options.TokenEndpoint, options.ClientId, options.ClientSecret, options.MaxRetries) = ("https://id.example.com/token", "shop", "secret", 0);
            configure?.Invoke(options);
        });
        more?.Invoke(services);
        return services.UseTestAuthorizationServer(_server).BuildServiceProvider();
    }

    private sealed class Echo : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult(new HttpResponseMessage { Content = new StringContent($"{request.Headers.Authorization}") });
    }
}
