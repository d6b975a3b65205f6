using System.Net;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.TokenEndpoint;

/// <summary>Response headers that report a quota: on the exception, in its message and in the log.</summary>
public sealed class RateLimitHeadersTests
{
    private const HttpStatusCode TooMany = HttpStatusCode.TooManyRequests;

    /// <summary>Status, headers, and the log line with its quota; null if nothing is logged.</summary>
    public static TheoryData<HttpStatusCode, string[], string?> Logged => new()
    {
        { HttpStatusCode.OK, ["RateLimit: \"hour\";r=7;t=60"], "RateLimit: \"hour\";r=7;t=60" },
        { HttpStatusCode.BadRequest, ["X-RateLimit-Limit: 9"], "X-RateLimit-Limit: 9" },
        { TooMany, ["Retry-After: 50"], "Retry-After: 50" },
        { TooMany, ["Retry-After: 50", "RateLimit-Limit: 9"], "Retry-After: 50; RateLimit-Limit: 9" },
        { HttpStatusCode.ServiceUnavailable, ["Retry-After: 50"], null },
        { HttpStatusCode.OK, ["Server: nginx"], null },
        { TooMany, ["RateLimit:  "], null },
    };

    [Theory]
    [Trait("Req", "R-316")]
    [InlineData("Retry-After", "50")]
    [InlineData("RateLimit", "\"default\";r=50;t=30")]
    [InlineData("RateLimit-Policy", "\"default\";q=100;w=3600")]
    [InlineData("RateLimit-Limit", "100, 100;w=60")]
    [InlineData("ratelimit-remaining", "0")]
    [InlineData("RateLimit-Reset", "50")]
    [InlineData("X-RateLimit-Limit", "1000")]
    [InlineData("x-ratelimit-remaining", "900")]
    [InlineData("X-RateLimit-Reset", "1633036800")]
    [InlineData("X-RateLimit-Limit-Minute", "20")]
    [InlineData("X-Rate-Limit-Limit", "600")]
    [InlineData("X-Rate-Limit-Remaining", "599")]
    [InlineData("X-Rate-Limit-Reset", "1633036800")]
    [InlineData("Auth0-Client-Quota-Limit", "b=per_hour;q=10;r=7;t=3540,b=per_day;q=50;r=47;t=43200")]
    [InlineData("auth0-organization-quota-limit", "b=per_hour;q=2;r=1;t=924")]
    [InlineData("Auth0-Tenant-Quota-Remaining", "1")]
    public async Task Quota_header_is_on_the_exception_by_its_name_in_any_case(string name, string value)
    {
        await using TestTokenClient client = Receiving(HttpStatusCode.BadRequest, $"{name}: {value}");
        TokenRequestException exception = await client.FailAsync();
        Assert.Equal(KeyValuePair.Create(name, value), Assert.Single(exception.RateLimitHeaders));
        Assert.Equal(value, exception.RateLimitHeaders[name.ToUpperInvariant()]);
    }

    [Theory]
    [Trait("Req", "R-316")]
    [InlineData("X-RateLimit")]
    [InlineData("Auth0-Client-Limit")]
    [InlineData("X-Auth0-Client-Quota-Limit")]
    [InlineData("Via")]
    public async Task Other_headers_are_not_on_the_exception(string name)
    {
        await using TestTokenClient client = Receiving(TooMany, $"{name}: 1.1 a");
        Assert.Empty((await client.FailAsync()).RateLimitHeaders);
    }

    [Fact]
    [Trait("Req", "R-316")]
    public async Task Exception_without_a_response_has_no_quota_headers()
    {
        await using TestTokenClient client = TestTokenClient.Receiving(TestResponse.ConnectionRefused());
        Assert.Empty((await client.FailAsync()).RateLimitHeaders);
        Assert.Empty(new TokenRequestException("x").RateLimitHeaders);
    }

    [Theory]
    [Trait("Req", "R-316")]
    [InlineData(TooMany, true)]
    [InlineData(HttpStatusCode.ServiceUnavailable, false)]
    [InlineData(HttpStatusCode.BadRequest, false)]
    public async Task Message_of_a_429_quotes_the_quota_without_Retry_After(HttpStatusCode status, bool isQuoted)
    {
        const string Quoted = " The response reports this quota: RateLimit-Limit: 9; RateLimit-Reset: 50.";
        await using TestTokenClient client = Receiving(status, "RateLimit-Limit: 9", "Retry-After: 50", "RateLimit-Reset: 50");
        TokenRequestException exception = await client.FailAsync();
        Assert.Equal(isQuoted, exception.Message.EndsWith(Quoted, StringComparison.Ordinal));
        Assert.Equal(isQuoted, exception.Message.Contains("RateLimit", StringComparison.Ordinal));
    }

    [Fact]
    [Trait("Req", "R-316")]
    public async Task Message_of_a_429_quotes_nothing_when_it_has_only_Retry_After()
    {
        await using TestTokenClient client = Receiving(TooMany, "Retry-After: 50");
        Assert.EndsWith("unless it lasts.", (await client.FailAsync()).Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-316")]
    public async Task At_most_16_headers_of_256_characters_on_one_line_are_kept()
    {
        string value = new string('q', 300) + "\u001b1";
        string[] headers = [.. Enumerable.Range(0, 40).Select(number => $"Auth0-{number}-Quota-Limit: {value}")];
        await using TestTokenClient client = Receiving(TooMany, headers);
        TokenRequestException exception = await client.FailAsync();
        Assert.Equal(16, exception.RateLimitHeaders.Count);
        Assert.All(exception.RateLimitHeaders.Values, kept => Assert.Equal(value[..256], kept));
    }

    [Fact]
    [Trait("Req", "R-316")]
    public async Task Copies_of_the_error_have_its_quota_headers_and_cannot_change_them()
    {
        await using TestProvider provider = new();
        provider.Server.Always(Response(TooMany, "RateLimit-Remaining: 0"));
        TokenRequestException first = await provider.FailAsync();
        TokenRequestException second = await provider.FailAsync();
        Assert.NotSame(first, second);
        Assert.Equal("0", second.RateLimitHeaders["RateLimit-Remaining"]);
        IDictionary<string, string> writable = Assert.IsAssignableFrom<IDictionary<string, string>>(second.RateLimitHeaders);
        Assert.Throws<NotSupportedException>(writable.Clear);
    }

    [Theory]
    [Trait("Req", "R-061")]
    [Trait("Req", "R-316")]
    [InlineData("RateLimit: no canary here", "canary", "RateLimit", "no *** here")]
    [InlineData("RateLimit: c2hvcDpjYW5hcnk=", "c2hvcDpjYW5hcnk", "RateLimit", "***")]
    [InlineData("X-RateLimit-Limit: %63anary", "%63anary", "X-RateLimit-Limit", "***")]
    [InlineData("Auth0-canary-Quota-Limit: 1", "canary", "Auth0-***-Quota-Limit", "1")]
    public async Task Secret_in_a_quota_header_is_never_quoted(string header, string form, string name, string value)
    {
        using LogLines log = new();
        await using TestTokenClient client =
            TestTokenClient.Receiving(Response(TooMany, header), options => options.ClientSecret = "canary", log);
        TokenRequestException exception = await client.FailAsync();
        Assert.Equal(value, exception.RateLimitHeaders[name]);
        string line = Assert.Single(log.Lines, line => line.StartsWith("Information 16 ", StringComparison.Ordinal));
        Assert.All(
            [exception.ToString(), line],
            text =>
            {
                Assert.Contains($"{name}: {value}", text, StringComparison.Ordinal);
                Assert.DoesNotContain(form, text, StringComparison.Ordinal);
            });
    }

    [Theory]
    [Trait("Req", "R-316")]
    [MemberData(nameof(Logged))]
    public async Task First_quota_of_a_client_is_logged_once(HttpStatusCode status, string[] headers, string? quota)
    {
        using LogLines log = new();
        await using TestTokenClient client = TestTokenClient.Receiving(Response(status, headers), log: log);
        for (int call = 0; call < 3; call++)
        {
            await Record.ExceptionAsync(() => client.RequestAsync());
        }

        string[] lines = [.. log.Lines.Where(line => line.StartsWith("Information 16 ", StringComparison.Ordinal))];
        Assert.Equal(quota is null ? 0 : 1, lines.Length);
        Assert.All(lines, line => Assert.Contains($"reports a quota: {quota}. ", line, StringComparison.Ordinal));
    }

    [Fact]
    [Trait("Req", "R-316")]
    public async Task Quota_is_logged_again_after_the_options_of_the_client_changed()
    {
        using LogLines log = new();
        await using TestProvider provider = TestProvider.FromConfiguration(TestProvider.Settings("orders"), log: log);
        provider.Server.Always(Response(HttpStatusCode.OK, "RateLimit: 9"));
        TokenClient tokens = (TokenClient)provider.Services.GetService(typeof(TokenClient))!;
        await tokens.RequestTokenAsync("orders");
        await tokens.RequestTokenAsync("orders");
        provider.Reload("orders:ClientId", "other");
        await tokens.RequestTokenAsync("orders");
        string[] lines = [.. log.Lines.Where(line => line.StartsWith("Information 16 Client 'orders' ", StringComparison.Ordinal))];
        Assert.Equal(2, lines.Length);
    }

    private static TestTokenClient Receiving(HttpStatusCode status, params string[] headers) =>
        TestTokenClient.Receiving(Response(status, headers));

    // Each header is "name: value". A success has a token.
    private static TestResponse Response(HttpStatusCode status, params string[] headers) => TestResponse.Custom(() =>
    {
        HttpResponseMessage response = Respond.Token("abc", 3600);
        if (status != HttpStatusCode.OK)
        {
            response = new(status);
        }

        foreach (string[] parts in headers.Select(header => header.Split(": ", 2)))
        {
            Assert.True(response.Headers.TryAddWithoutValidation(parts[0], parts[1]));
        }

        return response;
    });
}
