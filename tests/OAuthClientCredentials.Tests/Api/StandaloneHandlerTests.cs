using Microsoft.Extensions.Logging;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Api;

/// <summary>The handler without dependency injection.</summary>
public sealed class StandaloneHandlerTests
{
    private static readonly AccessTokenHandlerOptions Options = new() { AllowedOrigins = ["https://api.example.com"] };

    [Fact]
    [Trait("Req", "R-330")]
    public async Task Handler_over_any_token_provider_attaches_and_renews_tokens()
    {
        NumberedTokens tokens = new();
        List<string?> sent = [];
        using HttpClient client = Create(new(tokens, Options, "orders"), request =>
        {
            sent.Add(request.Headers.Authorization?.ToString());
            return ApiClient.RejectFirstToken(request);
        });
        using HttpResponseMessage response = await client.GetAsync("https://api.example.com/orders");
        Assert.Equal(200, (int)response.StatusCode);
        Assert.Equal(["Bearer token-1", "Bearer token-2"], sent);
        Assert.Equal(["orders token-1"], tokens.Renewals);
        Assert.Equal(2, sent.Count);
    }

    [Fact]
    [Trait("Req", "R-110")]
    public async Task Handler_refuses_another_origin_and_names_its_own_option()
    {
        using HttpClient client = Create(new(new NumberedTokens(), Options, "orders"), _ => ApiClient.Respond(200));
        OriginNotAllowedException refused = await Assert.ThrowsAsync<OriginNotAllowedException>(
            () => client.GetAsync("https://elsewhere.example.com"));
        const string Line = "new AccessTokenHandlerOptions { AllowedOrigins = "
            + "[\"https://api.example.com\", \"https://elsewhere.example.com\"] }";
        Assert.EndsWith(Line, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("AddClientCredentialsHandler", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-330")]
    public async Task Handler_over_a_created_provider_logs_and_measures_where_the_provider_does()
    {
        using LogLines log = new();
        using LoggerFactory loggers = new([log]);
        using StubHandler token = new(_ => Respond.Token("abc", 3600));
        await using TokenProvider tokens = TokenProvider.Create(options => TestProvider.Configure(options), token, loggerFactory: loggers);
        using HttpClient client = Create(new(tokens, Options), _ => ApiClient.Respond(401, "Bearer error=\"insufficient_scope\""));
        using HttpResponseMessage response = await client.GetAsync("https://api.example.com/orders");
        Assert.Equal(401, (int)response.StatusCode);
        Assert.Contains(log.Lines, line => line.StartsWith("Debug 13 ", StringComparison.Ordinal));
    }

    [Theory]
    [Trait("Req", "R-330")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Plain_http_follows_the_options_of_the_client(bool isAllowed)
    {
        using StubHandler token = new(_ => Respond.Token("abc", 3600));
        await using TokenProvider tokens = TokenProvider.Create(
            options =>
            {
                TestProvider.Configure(options);
                options.AllowInsecureHttp = isAllowed;
            },
            token);
        AccessTokenHandlerOptions options = new() { AllowedOrigins = ["http://orders"] };
        using HttpClient client = Create(new(tokens, options), _ => ApiClient.Respond(200));
        Exception? refused = await Record.ExceptionAsync(() => client.GetAsync("http://orders/1"));
        Assert.Equal(isAllowed, refused is null);
    }

    [Theory]
    [Trait("Req", "R-330")]
    [InlineData(null)]
    [InlineData("api.example.com")]
    [InlineData("https://api.example.com/path")]
    public void Handler_without_allowed_origins_is_refused(string? origin)
    {
        AccessTokenHandlerOptions options = new() { AllowedOrigins = origin is null ? [] : [origin] };
        ArgumentException exception = Assert.Throws<ArgumentException>(() => new AccessTokenHandler(new NumberedTokens(), options));
        Assert.Contains("AllowedOrigins", exception.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentNullException>(() => new AccessTokenHandler(null!, Options));
        Assert.Throws<ArgumentNullException>(() => new AccessTokenHandler(new NumberedTokens(), null!));
    }

    [Fact]
    [Trait("Req", "R-330")]
    public async Task GetTokenAsync_takes_a_name_and_a_cancellation_token()
    {
        await using TestProvider provider = TestProvider.WithClients(null, ("orders", null));
        using CancellationTokenSource source = new();
        ITokenProvider tokens = provider.Tokens;
        Assert.Equal("token-1", (await tokens.GetTokenAsync("orders", source.Token)).Value);
        Assert.Equal("token-1", (await provider.Tokens.GetTokenAsync("orders", source.Token)).Value);
        await source.CancelAsync();
        provider.Time.Advance(TimeSpan.FromHours(2));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await provider.Tokens.GetTokenAsync("orders", source.Token));
        ITokenProvider own = new NumberedTokens { Get = name => new(new AccessToken(name, DateTimeOffset.MaxValue)) };
        Assert.Equal("stock", (await own.GetTokenAsync("stock", CancellationToken.None)).Value);
    }

    private static HttpClient Create(AccessTokenHandler handler, Func<HttpRequestMessage, Task<HttpResponseMessage>> api)
    {
        handler.InnerHandler = new StubHandler(async (request, _) =>
        {
            HttpResponseMessage response = await api(request);
            response.RequestMessage = request;
            return response;
        });
        return new(handler);
    }
}
