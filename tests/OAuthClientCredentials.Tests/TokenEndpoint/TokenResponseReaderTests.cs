using System.Net;
using System.Net.Http.Headers;
using System.Text;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.TokenEndpoint;

/// <summary>Which responses of a token endpoint are a token, and what the token contains (RFC 6749 section 5.1).</summary>
public sealed class TokenResponseReaderTests
{
    private const int Hour = 3600;
    private const int Day = 24 * Hour;

    public static TheoryData<string, string> BodiesOfOtherKinds => new()
    {
        { "<html><body>Please log in, canary</body></html>", "text/html" },
        { "access_token=canary", "application/x-www-form-urlencoded" },
        { "", "application/json" }, { "null", "application/json" },
        { "[\"canary\"]", "application/json" }, { "\"canary\"", "application/json" },
        { "{\"access_token\":\"canary\"", "application/json" }, { "{\"access_token\":\"canary\"}{}", "application/json" },
        { "{\"access_token\":\"canary\"} canary", "application/json" },
    };

    /// <summary>The JSON of a token, and whether it is accepted.</summary>
    public static TheoryData<string, bool> Tokens => new()
    {
        { "\"1|abc\"", true }, { "\"a,b;c=\\\"d\\\"\"", true }, { "\"\"", false }, { "\"a b\"", false },
        { "\"a\\r\\nX-Evil: 1\"", false }, { "\"\\ud800\"", false },
        { "null", false }, { "1", false }, { "true", false }, { "{}", false }, { "[\"abc\"]", false },
    };

    public static TheoryData<string, bool> TokenTypes => new()
    {
        { ",\"token_type\":\"Bearer\"", true }, { ",\"token_type\":\"bearer\"", true }, { ",\"token_type\":\"BEARER\"", true },
        { ",\"token_type\":null", true }, { "", true },
        { ",\"token_type\":\"mac\"", false }, { ",\"token_type\":\"DPoP\"", false }, { ",\"token_type\":\"Bearer \"", false },
        { ",\"token_type\":\"urn:ietf:params:oauth:token-type:access_token\"", false }, { ",\"token_type\":1", false },
        { ",\"token_type\":\"\"", false }, { ",\"token_type\":\"BearerToken\"", false }, { ",\"token_type\":[\"Bearer\"]", false },
    };

    /// <summary>The JSON of <c>expires_in</c>, and the lifetime in seconds; null where it is an error.</summary>
    public static TheoryData<string, int?> Lifetimes => new()
    {
        { "3600", Hour }, { "3600.0", Hour }, { "3.6e3", Hour }, { "36E2", Hour }, { "36000e-1", Hour },
        { "\"3600\"", Hour }, { "\"3600.0\"", Hour }, { "\"1e3\"", 1000 }, { "1", 1 },
        { "86400", Day }, { "86401", Day }, { "2147483648", Day }, { "9223372036854775808", Day }, { "\"9223372036854775808\"", Day },
        { "1e30", Day }, { "1e400", Day },
        { "0", 0 }, { "-0", 0 }, { "-1", 0 }, { "\"-3600\"", 0 }, { "-1e400", 0 },
        { "35999.417", 35999 }, { "\"3599.5\"", 3599 }, { "0.9", 0 }, { "-0.1", 0 }, { "1e-400", 0 },
        { "\" 3600 \"", Hour }, { "\"\\t3600\\n\"", Hour }, { "\" 3599.5\"", 3599 },
        { "null", 300 }, { "\"\"", 300 }, { "\"  \"", 300 },
        { "\"NaN\"", null }, { "\"Infinity\"", null }, { "\"\u221e\"", null }, { "\"36 00\"", null }, { "\"- 1\"", null },
        { "\"3,600\"", null }, { "\"1h\"", null }, { "\"0x10\"", null }, { "\"\\ud800\"", null },
        { "\"\u0663\u0666\u0660\u0660\"", null }, { "true", null }, { "{}", null }, { "[3600]", null },
    };

    [Theory]
    [Trait("Req", "R-042")]
    [Trait("Req", "R-043")]
    [InlineData("application/json; charset=utf-7")]
    [InlineData("application/json; charset=utf-16")]
    [InlineData("application/vnd.oauth+json")]
    [InlineData("text/html")]
    [InlineData(null)]
    public async Task Media_type_and_charset_do_not_matter(string? mediaType)
    {
        await using TestTokenClient client = Responding([0xEF, 0xBB, 0xBF, .. """{"access_token":"abc","note":"é"}"""u8], mediaType);
        Assert.Equal("é", (await client.RequestAsync()).AdditionalParameters["note"].GetString());
    }

    [Theory]
    [Trait("Req", "R-043")]
    [Trait("Req", "R-315")]
    [MemberData(nameof(BodiesOfOtherKinds))]
    public async Task A_200_without_a_JSON_object_is_an_error_that_quotes_nothing(string body, string mediaType)
    {
        await using TestTokenClient client = Responding(Encoding.UTF8.GetBytes(body), mediaType);
        TokenRequestException exception = await client.FailAsync();
        Assert.Contains($"status 200, {mediaType}", exception.Message, StringComparison.Ordinal);
        Assert.Contains("JSON object", exception.Message, StringComparison.Ordinal);
        Assert.Equal((HttpStatusCode.OK, false), (exception.StatusCode, exception.IsTransient));
        Assert.DoesNotContain("canary", exception.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Req", "R-043")]
    [InlineData(HttpStatusCode.Created, true)]
    [InlineData(HttpStatusCode.NotFound, false)]
    [InlineData(HttpStatusCode.BadRequest, false)]
    public async Task Success_needs_a_2xx_status(HttpStatusCode status, bool succeeds)
    {
        await using TestTokenClient client = TestTokenClient.Receiving("""{"access_token":"abc"}""", status);
        Assert.Equal(succeeds, await Record.ExceptionAsync(() => client.RequestAsync()) is null);
    }

    [Theory]
    [Trait("Req", "R-046")]
    [MemberData(nameof(Tokens))]
    public Task Token_is_a_string_of_visible_ASCII(string token, bool succeeds) => CheckAsync($$"""{"access_token":{{token}}}""", succeeds);

    [Fact]
    [Trait("Req", "R-046")]
    public async Task No_character_in_a_token_writes_a_second_header_line()
    {
        for (int code = 0; code <= 0x200; code++)
        {
            await using TestTokenClient client = TestTokenClient.Receiving($$"""{"access_token":"a\u{{code:x4}}b"}""");
            if (code is < '!' or > '~')
            {
                await client.FailAsync();
                continue;
            }

            using HttpRequestMessage request = new();
            request.Headers.Authorization = (await client.RequestAsync()).AuthorizationHeader;
            Assert.Equal($"Authorization: Bearer a{(char)code}b", request.Headers.ToString().TrimEnd());
        }
    }

    [Theory]
    [Trait("Req", "R-046")]
    [InlineData("abc-._~+/09==", true)]
    [InlineData("1|abc", false)]
    [InlineData("a=b", false)]
    [InlineData("==", false)]
    public Task RequireBearerSyntax_accepts_b64token_only(string token, bool succeeds) =>
        CheckAsync($$"""{"access_token":"{{token}}"}""", succeeds, options => options.RequireBearerSyntax = true);

    [Theory]
    [Trait("Req", "R-047")]
    [MemberData(nameof(TokenTypes))]
    public async Task Header_always_says_Bearer_and_another_type_is_an_error(string tokenType, bool succeeds)
    {
        string json = $$"""{"access_token":"abc"{{tokenType}}}""";
        if (!succeeds)
        {
            await FailAsync(json, "token_type");
            return;
        }

        Assert.Equal("Bearer abc", (await ReadAsync(json)).AuthorizationHeader.ToString());
    }

    [Theory]
    [Trait("Req", "R-047")]
    [InlineData("BearerToken", true)]
    [InlineData("bearertoken", true)]
    [InlineData("", false)]
    [InlineData("Bearer", true)]
    [InlineData("mac", false)]
    public async Task AcceptedTokenTypes_are_sent_as_Bearer(string tokenType, bool succeeds)
    {
        string json = $$"""{"access_token":"abc","token_type":"{{tokenType}}"}""";
        Action<ClientCredentialsOptions> configure = options => options.AcceptedTokenTypes = ["BearerToken"];
        if (!succeeds)
        {
            await FailAsync(json, "token_type", configure);
            return;
        }

        Assert.Equal("Bearer abc", (await ReadAsync(json, configure)).AuthorizationHeader.ToString());
    }

    [Fact]
    [Trait("Req", "R-047")]
    public async Task Unknown_token_type_is_quoted_with_the_option_that_accepts_it()
    {
        const string Json = """{"access_token":"abc","token_type":"Bearer\nToken abc"}""";
        TokenRequestException exception = await FailAsync(Json, "the token_type is not Bearer but 'Bearer Token ***'");
        Assert.Contains("to ClientCredentials:AcceptedTokenTypes.", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Req", "R-048")]
    [MemberData(nameof(Lifetimes))]
    public async Task Expires_in_is_any_number_in_any_spelling(string expiresIn, int? seconds)
    {
        string json = $$"""{"access_token":"abc","expires_in":{{expiresIn}}}""";
        if (seconds is null)
        {
            await FailAsync(json, "expires_in");
            return;
        }

        await using TestTokenClient client = TestTokenClient.Receiving(json);
        Assert.Equal(client.Time.GetUtcNow().AddSeconds(seconds.Value), (await client.RequestAsync()).ExpiresAt);
    }

    [Theory]
    [Trait("Req", "R-050")]
    [InlineData(null, 5)]
    [InlineData(2, 2)]
    public async Task Token_without_expires_in_lives_for_DefaultLifetime(int? configured, int minutes)
    {
        await using TestTokenClient client = TestTokenClient.Receiving("""{"access_token":"abc"}""", configure: options =>
            options.DefaultLifetime = configured is { } value ? TimeSpan.FromMinutes(value) : options.DefaultLifetime);
        Assert.Equal(client.Time.GetUtcNow().AddMinutes(minutes), (await client.RequestAsync()).ExpiresAt);
    }

    [Fact]
    [Trait("Req", "R-052")]
    public async Task A_200_with_an_error_is_an_error()
    {
        TokenRequestException exception = await FailAsync(
            """{"access_token":"abc","error":"invalid_scope","error_description":"no such scope"}""",
            "invalid_scope");
        Assert.Equal(("invalid_scope", "no such scope"), (exception.Error, exception.ErrorDescription));
        Assert.Equal((HttpStatusCode.OK, false), (exception.StatusCode, exception.IsTransient));
    }

    [Theory]
    [Trait("Req", "R-052")]
    [InlineData("null")]
    [InlineData("\"\"")]
    [InlineData("\" \"")]
    public async Task Empty_error_beside_a_token_is_not_an_error(string error) =>
        Assert.Equal("abc", (await ReadAsync($$"""{"access_token":"abc","error":{{error}}}""")).Value);

    [Theory]
    [Trait("Req", "R-053")]
    [InlineData("\"read write\"", true)]
    [InlineData("\"write read admin\"", true)]
    [InlineData("[\"write\",\"read\"]", true)]
    [InlineData("\"read\"", false)]
    [InlineData("\"READ write\"", false)]
    [InlineData("[\"read\"]", false)]
    [InlineData("{\"read\":true}", false)]
    [InlineData("7", false)]
    [InlineData("\"\"", true)]
    public Task RequireAllScopes_fails_when_fewer_are_granted(string granted, bool succeeds) => CheckAsync(
        $$"""{"access_token":"abc","scope":{{granted}}}""",
        succeeds,
        options => (options.Scopes, options.RequireAllScopes) = (["read", "write"], true));

    [Fact]
    [Trait("Req", "R-053")]
    public async Task Granted_scopes_are_returned_and_missing_ones_are_logged_once()
    {
        using LogLines log = new();
        await using TestTokenClient client =
            TestTokenClient.Receiving(TestResponse.Token(scope: "read"), options => options.Scopes = ["read write"], log);
        for (int call = 0; call < 3; call++)
        {
            Assert.Equal(["read"], (await client.RequestAsync()).Scopes);
        }

        string warning = Assert.Single(log.Lines, line => line.StartsWith("Warning 4 ", StringComparison.Ordinal));
        Assert.Contains("write", warning, StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Req", "R-055")]
    [InlineData("eyJhbGciOiJub25lIn0.eyJleHAiOjF9.")]
    [InlineData("eyJ.%%%.###")]
    [InlineData("................................")]
    public async Task Token_that_looks_like_a_JWT_is_opaque(string token)
    {
        await using TestTokenClient client = TestTokenClient.Receiving($$"""{"access_token":"{{token}}","expires_in":3600}""");
        Assert.Equal(client.Time.GetUtcNow().AddHours(1), (await client.RequestAsync()).ExpiresAt);
    }

    private static TestTokenClient Responding(byte[] body, string? mediaType) =>
        TestTokenClient.Receiving(TestResponse.Custom(() =>
        {
            ByteArrayContent content = new(body);
            content.Headers.ContentType = mediaType is null ? null : MediaTypeHeaderValue.Parse(mediaType);
            return new HttpResponseMessage(HttpStatusCode.OK) { Content = content };
        }));

    private static async Task<AccessToken> ReadAsync(string json, Action<ClientCredentialsOptions>? configure = null)
    {
        await using TestTokenClient client = TestTokenClient.Receiving(json, configure: configure);
        return await client.RequestAsync();
    }

    private static async Task<TokenRequestException> FailAsync(string json, string said, Action<ClientCredentialsOptions>? configure = null)
    {
        TokenRequestException exception = await Assert.ThrowsAsync<TokenRequestException>(() => ReadAsync(json, configure));
        Assert.Contains(said, exception.Message, StringComparison.Ordinal);
        return exception;
    }

    private static Task CheckAsync(string json, bool succeeds, Action<ClientCredentialsOptions>? configure = null) =>
        succeeds ? ReadAsync(json, configure) : FailAsync(json, "", configure);
}
