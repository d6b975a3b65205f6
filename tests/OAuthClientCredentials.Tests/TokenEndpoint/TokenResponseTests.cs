using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.TokenEndpoint;

/// <summary>What a token endpoint may answer, and what we make of it (RFC 6749 sections 5.1 and 5.2).</summary>
public sealed class TokenResponseTests
{
    private const int Hour = 3600;
    private const int Day = 24 * Hour;

    [Theory]
    [Trait("Req", "R-042")]
    [InlineData("application/json; charset=utf-7")]
    [InlineData("application/json; charset=nonsense")]
    [InlineData("application/json; charset=utf-16")]
    public async Task The_charset_of_the_media_type_is_ignored(string mediaType)
    {
        using OneClient client = Answering("""{"access_token":"abc","note":"é"}"""u8.ToArray(), mediaType);
        Assert.Equal("é", (await client.GetAsync()).AdditionalParameters["note"].GetString());
    }

    [Theory]
    [Trait("Req", "R-042")]
    [InlineData(new byte[] { 0xC3, 0x28 })]
    [InlineData(new byte[] { 0xFF, 0xFE })]
    [InlineData(new byte[] { 0xED, 0xA0, 0x80 })]
    public async Task Malformed_UTF8_is_a_typed_error_also_in_members_that_nobody_reads(byte[] bytes)
    {
        using OneClient client = Answering([.. "{\"access_token\":\"abc\",\"refresh_token\":\""u8, .. bytes, .. "\"}"u8], "application/json");
        TokenRequestException exception = await client.FailAsync();
        Assert.Contains("not valid UTF-8", exception.Message, StringComparison.Ordinal);
        Assert.False(exception.IsTransient);
    }

    [Fact]
    [Trait("Req", "R-042")]
    public async Task A_byte_order_mark_and_an_escaped_half_character_do_no_harm()
    {
        using OneClient marked = Answering([0xEF, 0xBB, 0xBF, .. """{"access_token":"abc"}"""u8], "application/json");
        Assert.Equal("abc", (await marked.GetAsync()).Value);
        using OneClient half = OneClient.Answering("""{"access_token":"\ud800"}""");
        Assert.Contains("not valid text", (await half.FailAsync()).Message, StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Req", "R-043")]
    [InlineData("application/json")]
    [InlineData("application/vnd.oauth+json")]
    [InlineData("text/plain")]
    [InlineData("text/html")]
    [InlineData(null)]
    public async Task The_media_type_is_no_gate(string? mediaType)
    {
        using OneClient client = Answering("""{"access_token":"abc"}"""u8.ToArray(), mediaType);
        Assert.Equal("abc", (await client.GetAsync()).Value);
    }

    [Theory]
    [Trait("Req", "R-043")]
    [InlineData("<html><body>Please log in, canary</body></html>", "text/html")]
    [InlineData("", "application/json")]
    [InlineData("[\"canary\"]", "application/json")]
    [InlineData("\"canary\"", "application/json")]
    [InlineData("null", "application/json")]
    [InlineData("{\"access_token\":\"canary\"", "application/json")]
    [InlineData("{\"access_token\":\"canary\"}{}", "application/json")]
    [InlineData("{\"access_token\":\"canary\"} canary", "application/json")]
    public async Task A_200_without_a_JSON_object_is_an_error_that_names_status_and_media_type_and_quotes_nothing(string body, string mediaType)
    {
        using OneClient client = Answering(Encoding.UTF8.GetBytes(body), mediaType);
        TokenRequestException exception = await client.FailAsync();
        Assert.Contains($"status 200, {mediaType}", exception.Message, StringComparison.Ordinal);
        Assert.Contains("the body is not a JSON object", exception.Message, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, exception.StatusCode);
        Assert.False(exception.IsTransient);
        Assert.DoesNotContain("canary", exception.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Req", "R-043")]
    [InlineData(HttpStatusCode.Created, true)]
    [InlineData(HttpStatusCode.NotFound, false)]
    [InlineData(HttpStatusCode.BadRequest, false)]
    public async Task Success_needs_a_2xx_status(HttpStatusCode status, bool succeeds)
    {
        using OneClient client = OneClient.Answering("""{"access_token":"abc"}""", status);
        Assert.Equal(succeeds, await Record.ExceptionAsync(() => client.GetAsync()) is null);
    }

    [Theory]
    [Trait("Req", "R-044")]
    [InlineData("""{"access_token":"a","access_token":"b"}""")]
    [InlineData("""{"access_token":"a","access_token":"a"}""")]
    [InlineData("""{"access_token":"a","\u0061ccess_token":"b"}""")]
    [InlineData("""{"access_token":"a","expires_in":1,"expires_in":2}""")]
    [InlineData("""{"access_token":"a","x":1,"x":2}""")]
    public async Task A_member_that_comes_twice_is_an_error(string json)
    {
        using OneClient client = OneClient.Answering(json);
        Assert.Contains("a duplicate member", (await client.FailAsync()).Message, StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Req", "R-044")]
    [InlineData("""{"ACCESS_TOKEN":"evil","access_token":"abc","Access_Token":"evil"}""", "abc")]
    [InlineData("""{"ACCESS_TOKEN":"evil"}""", null)]
    public async Task Member_names_mind_case(string json, string? token)
    {
        using OneClient client = OneClient.Answering(json);
        Assert.Equal(token, token is null ? (await client.FailAsync()).Error : (await client.GetAsync()).Value);
    }

    [Fact]
    [Trait("Req", "R-045")]
    public async Task Unknown_members_change_nothing_and_can_be_read()
    {
        Random random = new(45);
        string[] values = ["1", "\"x\"", "null", "true", "[]", "{}", "[[[[[[1]]]]]]", "{\"access_token\":\"evil\"}", "1e400"];
        for (int round = 0; round < 200; round++)
        {
            string[] unknown = [.. Enumerable.Range(0, random.Next(6)).Select(number => $"\"x{number}\":{values[random.Next(values.Length)]}")];
            string[] members = [.. unknown.Append("\"access_token\":\"abc\"").Append("\"expires_in\":3600")];
            random.Shuffle(members);
            using OneClient client = OneClient.Answering($"{{{string.Join(',', members)}}}");
            AccessToken token = await client.GetAsync();
            Assert.Equal("abc", token.Value);
            Assert.Equal(client.Time.GetUtcNow().AddHours(1), token.ExpiresAt);
            Assert.Equal(unknown.Length, token.AdditionalParameters.Count);
        }
    }

    [Theory]
    [Trait("Req", "R-045")]
    [InlineData(7, true)]
    [InlineData(8, false)]
    [InlineData(10_000, false)]
    public async Task Nesting_has_a_limit(int depth, bool succeeds)
    {
        using OneClient client = OneClient.Answering($$"""{"access_token":"abc","x":{{new string('[', depth)}}{{new string(']', depth)}}}""");
        Assert.Equal(succeeds, await Record.ExceptionAsync(() => client.GetAsync()) is null);
    }

    [Theory]
    [Trait("Req", "R-045")]
    [InlineData(255, true)]
    [InlineData(256, false)]
    public async Task Members_have_a_limit_because_they_are_kept_with_the_token(int unknown, bool succeeds)
    {
        using OneClient client = OneClient.Answering($$"""{"access_token":"abc"{{string.Concat(Enumerable.Range(0, unknown).Select(number => $",\"{number}\":0"))}}}""");
        Assert.Equal(succeeds, await Record.ExceptionAsync(() => client.GetAsync()) is null);
    }

    [Theory]
    [Trait("Req", "R-046")]
    [InlineData("1|abc", true)]
    [InlineData("a,b;c=\\\"d\\\"", true)]
    [InlineData("", false)]
    [InlineData("a b", false)]
    [InlineData("a\\tb", false)]
    [InlineData("a\\r\\nX-Evil: 1", false)]
    [InlineData("a\\nb", false)]
    [InlineData("a\\u0000b", false)]
    [InlineData("a\\u007fb", false)]
    [InlineData("é", false)]
    public async Task A_token_is_visible_ASCII(string token, bool succeeds)
    {
        using OneClient client = OneClient.Answering($$"""{"access_token":"{{token}}"}""");
        Assert.Equal(succeeds, await Record.ExceptionAsync(() => client.GetAsync()) is null);
    }

    [Theory]
    [Trait("Req", "R-046")]
    [InlineData("null")]
    [InlineData("1")]
    [InlineData("true")]
    [InlineData("{}")]
    [InlineData("[\"abc\"]")]
    public async Task A_token_is_a_string(string token)
    {
        using OneClient client = OneClient.Answering($$"""{"access_token":{{token}}}""");
        Assert.Contains("access_token", (await client.FailAsync()).Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-046")]
    public async Task No_character_in_a_token_writes_a_second_header_line()
    {
        for (int code = 0; code <= 0x200; code++)
        {
            using OneClient client = OneClient.Answering($$"""{"access_token":"a\u{{code:x4}}b"}""");
            if (await Record.ExceptionAsync(() => client.GetAsync()) is null)
            {
                using HttpRequestMessage request = new();
                request.Headers.Authorization = (await client.GetAsync()).AuthorizationHeader;
                Assert.Equal($"Authorization: Bearer a{(char)code}b", request.Headers.ToString().TrimEnd());
                Assert.InRange(code, '!', '~');
            }
        }
    }

    [Fact]
    [Trait("Req", "R-046")]
    public async Task A_token_of_64_KiB_works()
    {
        string token = new('x', 64 * 1024);
        using OneClient client = OneClient.Answering($$"""{"access_token":"{{token}}"}""");
        Assert.Equal(token, (await client.GetAsync()).AuthorizationHeader.Parameter);
    }

    [Theory]
    [Trait("Req", "R-046")]
    [InlineData("abc-._~+/09==", true)]
    [InlineData("1|abc", false)]
    [InlineData("a=b", false)]
    [InlineData("==", false)]
    public async Task RequireBearerSyntax_accepts_b64token_only(string token, bool succeeds)
    {
        using OneClient client = OneClient.Answering($$"""{"access_token":"{{token}}"}""", configure: options => options.RequireBearerSyntax = true);
        Assert.Equal(succeeds, await Record.ExceptionAsync(() => client.GetAsync()) is null);
    }

    [Theory]
    [Trait("Req", "R-047")]
    [InlineData(",\"token_type\":\"Bearer\"", true)]
    [InlineData(",\"token_type\":\"bearer\"", true)]
    [InlineData(",\"token_type\":\"BEARER\"", true)]
    [InlineData(",\"token_type\":null", true)]
    [InlineData("", true)]
    [InlineData(",\"token_type\":\"mac\"", false)]
    [InlineData(",\"token_type\":\"DPoP\"", false)]
    [InlineData(",\"token_type\":\"Bearer \"", false)]
    [InlineData(",\"token_type\":\"urn:ietf:params:oauth:token-type:access_token\"", false)]
    [InlineData(",\"token_type\":1", false)]
    public async Task The_header_always_says_Bearer_and_another_type_is_an_error(string tokenType, bool succeeds)
    {
        using OneClient client = OneClient.Answering($$"""{"access_token":"abc"{{tokenType}}}""");
        if (!succeeds)
        {
            Assert.Contains("token_type", (await client.FailAsync()).Message, StringComparison.Ordinal);
            return;
        }

        Assert.Equal("Bearer abc", (await client.GetAsync()).AuthorizationHeader.ToString());
    }

    [Theory]
    [Trait("Req", "R-048")]
    [InlineData("3600", Hour)]
    [InlineData("1", 1)]
    [InlineData("86400", Day)]
    [InlineData("86401", Day)]
    [InlineData("3600.0", Hour)]
    [InlineData("3.6e3", Hour)]
    [InlineData("36E2", Hour)]
    [InlineData("36000e-1", Hour)]
    [InlineData("2147483648", Day)]
    [InlineData("9223372036854775807", Day)]
    [InlineData("9223372036854775808", Day)]
    [InlineData("1e30", Day)]
    [InlineData("1e400", Day)]
    [InlineData("\"3600\"", Hour)]
    [InlineData("\"3600.0\"", Hour)]
    [InlineData("\"1e3\"", 1000)]
    [InlineData("\"9223372036854775808\"", Day)]
    [InlineData("0", 0)]
    [InlineData("-0", 0)]
    [InlineData("-1", 0)]
    [InlineData("\"-3600\"", 0)]
    [InlineData("-1e400", 0)]
    [InlineData("null", 300)]
    [InlineData("1.5", null)]
    [InlineData("0.1", null)]
    [InlineData("\"1.5\"", null)]
    [InlineData("\"\"", null)]
    [InlineData("\"NaN\"", null)]
    [InlineData("\"Infinity\"", null)]
    [InlineData("\"∞\"", null)]
    [InlineData("\" 3600\"", null)]
    [InlineData("\"3,600\"", null)]
    [InlineData("\"1h\"", null)]
    [InlineData("\"0x10\"", null)]
    [InlineData("\"٣٦٠٠\"", null)]
    [InlineData("true", null)]
    [InlineData("{}", null)]
    [InlineData("[3600]", null)]
    public async Task Expires_in_is_any_whole_number_of_seconds_in_any_spelling(string expiresIn, int? seconds)
    {
        using OneClient client = OneClient.Answering($$"""{"access_token":"abc","expires_in":{{expiresIn}}}""");
        if (seconds is null)
        {
            Assert.Contains("expires_in", (await client.FailAsync()).Message, StringComparison.Ordinal);
            return;
        }

        Assert.Equal(client.Time.GetUtcNow().AddSeconds(seconds.Value), (await client.GetAsync()).ExpiresAt);
    }

    [Fact]
    [Trait("Req", "R-048")]
    public async Task Whatever_number_expires_in_is_the_token_expires_between_now_and_the_maximum()
    {
        Random random = new(48);
        for (int round = 0; round < 500; round++)
        {
            string number = round % 2 == 0
                ? random.NextInt64(long.MinValue, long.MaxValue).ToString(CultureInfo.InvariantCulture)
                : (random.Next() * Math.Pow(10, random.Next(-5, 300))).ToString("R", CultureInfo.InvariantCulture);
            using OneClient client = OneClient.Answering($$"""{"access_token":"abc","expires_in":{{number}}}""", configure: options => options.MaxLifetime = TimeSpan.FromDays(365));
            if (await Record.ExceptionAsync(() => client.GetAsync()) is null)
            {
                DateTimeOffset now = client.Time.GetUtcNow();
                Assert.InRange((await client.GetAsync()).ExpiresAt, now, now.AddDays(365));
            }
        }
    }

    [Theory]
    [Trait("Req", "R-050")]
    [InlineData(0, 5)]
    [InlineData(2, 2)]
    public async Task A_token_without_expires_in_lives_as_long_as_the_options_say(int configuredMinutes, int minutes)
    {
        using OneClient client = OneClient.Answering("""{"access_token":"abc"}""", configure: options =>
            options.DefaultLifetime = configuredMinutes == 0 ? options.DefaultLifetime : TimeSpan.FromMinutes(configuredMinutes));
        Assert.Equal(client.Time.GetUtcNow().AddMinutes(minutes), (await client.GetAsync()).ExpiresAt);
    }

    [Fact]
    [Trait("Req", "R-051")]
    public async Task Refresh_and_id_tokens_are_dropped()
    {
        using OneClient client = OneClient.Answering("""{"access_token":"abc","refresh_token":"canary","id_token":{"a":["canary"]},"tenant":"t"}""");
        AccessToken token = await client.GetAsync();
        Assert.Equal("tenant", Assert.Single(token.AdditionalParameters).Key);
    }

    [Fact]
    [Trait("Req", "R-052")]
    public async Task A_200_with_an_error_is_an_error()
    {
        using OneClient client = OneClient.Answering("""{"access_token":"abc","error":"invalid_scope","error_description":"no such scope"}""");
        TokenRequestException exception = await client.FailAsync();
        Assert.Equal(("invalid_scope", "no such scope", HttpStatusCode.OK), (exception.Error, exception.ErrorDescription, exception.StatusCode));
        Assert.False(exception.IsTransient);
    }

    [Theory]
    [Trait("Req", "R-053")]
    [InlineData("read write", true)]
    [InlineData("write read admin", true)]
    [InlineData("read", false)]
    [InlineData("READ write", false)]
    [InlineData("", true)]
    public async Task RequireAllScopes_fails_when_fewer_are_granted(string granted, bool succeeds)
    {
        using OneClient client = OneClient.Answering($$"""{"access_token":"abc","scope":"{{granted}}"}""", configure: options =>
        {
            options.Scopes = ["read", "write"];
            options.RequireAllScopes = true;
        });
        Assert.Equal(succeeds, await Record.ExceptionAsync(() => client.GetAsync()) is null);
    }

    [Fact]
    [Trait("Req", "R-053")]
    public async Task Granted_scopes_are_told_and_fewer_than_asked_are_logged_once()
    {
        LogLines log = new();
        TestAuthorizationServer endpoint = new();
        endpoint.Always(TestResponse.Status(HttpStatusCode.OK, """{"access_token":"abc","scope":"read"}"""));
        using OneClient client = new(endpoint, options => options.Scopes = ["read write"], log: log);
        for (int call = 0; call < 3; call++)
        {
            Assert.Equal(["read"], (await client.GetAsync()).Scopes);
        }

        Assert.Contains("Missing: write", Assert.Single(log.Lines), StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Req", "R-055")]
    [InlineData("eyJhbGciOiJub25lIn0.eyJleHAiOjF9.")]
    [InlineData("eyJ.%%%.###")]
    [InlineData("................................")]
    public async Task A_token_that_looks_like_a_JWT_is_as_opaque_as_any(string token)
    {
        using OneClient client = OneClient.Answering($$"""{"access_token":"{{token}}","expires_in":3600}""");
        Assert.Equal(client.Time.GetUtcNow().AddHours(1), (await client.GetAsync()).ExpiresAt);
    }

    private static OneClient Answering(byte[] body, string? mediaType) =>
        new(OneClient.Scripted(TestResponse.Custom(() =>
        {
            ByteArrayContent content = new(body);
            content.Headers.ContentType = mediaType is null ? null : MediaTypeHeaderValue.Parse(mediaType);
            return new HttpResponseMessage(HttpStatusCode.OK) { Content = content };
        })));
}
