using System.Net;
using System.Text;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.TokenEndpoint;

/// <summary>Responses that are not as RFC 6749 defines them, as servers and gateways send them.</summary>
public sealed class OddResponseTests
{
    /// <summary>Members beside a token that it does not need.</summary>
    public static TheoryData<string> OddMembers =>
    [
        "\"error_description\":[\"x\"]", "\"error_description\":{\"a\":1}", "\"error_description\":\"\\ud800\"", "\"error_uri\":1",
        "\"scope\":1", "\"scope\":{}", "\"scope\":[1,[\"a\"],null]", "\"scope\":\"\\ud800\"", "\"refresh_token\":[1]", "\"x\":\"\\ud800\"",
        "\"message\":\"ok\"", "\"fault\":{}", "\"error\":0", "\"error\":false", "\"error\":[]", "\"error\":{}",
    ];

    [Theory]
    [Trait("Req", "R-350")]
    [InlineData("[\"a\",\"b\"]", "a b")]
    [InlineData("[\"a b\",\"c\"]", "a b c")]
    [InlineData("[]", "asked")]
    [InlineData("[\"\"]", "asked")]
    [InlineData("[null]", "asked")]
    [InlineData("null", "asked")]
    [InlineData("\"\"", "asked")]
    [InlineData("\"a  b\"", "a b")]
    public async Task Scope_is_a_string_or_an_array_of_strings(string scope, string granted)
    {
        AccessToken token = await ReadAsync($$"""{"access_token":"abc","scope":{{scope}}}""", options => options.Scopes = ["asked"]);
        Assert.Equal(granted, string.Join(' ', token.Scopes));
    }

    [Theory]
    [Trait("Req", "R-351")]
    [MemberData(nameof(OddMembers))]
    public async Task Member_that_a_token_does_not_need_may_have_any_type(string member)
    {
        Assert.Equal("abc", (await ReadAsync($$"""{"access_token":"abc",{{member}}}""")).Value);
        Assert.Equal("abc", (await ReadAsync($$"""{{{member}},"access_token":"abc"}""")).Value);
    }

    [Theory]
    [Trait("Req", "R-351")]
    [InlineData("""{"error":"invalid_client","error_description":["x"]}""", "invalid_client", "x")]
    [InlineData("""{"error_description":["x","y"],"error":["invalid_client"]}""", "invalid_client", "x, y")]
    [InlineData("""{"error":"invalid_client","error_description":{"a":"x"}}""", "invalid_client", null)]
    [InlineData("""{"error":"invalid_client","error_description":"\ud800"}""", "invalid_client", "\uFFFD")]
    [InlineData("""{"error":"invalid_client","error_uri":1,"scope":{},"expires_in":"-"}""", "invalid_client", null)]
    [InlineData("""{"access_token":false,"token_type":0,"error":"invalid_client"}""", "invalid_client", null)]
    [InlineData("{\"error_description\":\"Ung\u00fcltig \u20ac\",\"error\":\"invalid_client\"}", "invalid_client", "Ung\u00fcltig ?")]
    [InlineData("""{"error":{"code":"temporarily_unavailable","message":"later"}}""", "temporarily_unavailable", "later")]
    [InlineData("""{"error":{"code":401,"message":"no","status":"UNAUTHENTICATED"}}""", "UNAUTHENTICATED", "no")]
    [InlineData("""{"error":{"code":"invalid_client","message":"no"},"error_description":"x"}""", "invalid_client", "x")]
    [InlineData("""{"error_description":"x","error":{"code":"invalid_client","message":"no"}}""", "invalid_client", "x")]
    [InlineData("""{"error":"invalid_client","message":"from the API"}""", "invalid_client", "from the API")]
    public async Task Odd_member_hides_neither_code_nor_text(string json, string error, string? description)
    {
        await using TestTokenClient client = Responding(HttpStatusCode.BadRequest, Encoding.Latin1.GetBytes(json));
        TokenRequestException exception = await client.FailAsync();
        Assert.Equal((error, description), (exception.Error, exception.ErrorDescription));
        Assert.Equal(error == "temporarily_unavailable", exception.IsTransient);
    }

    [Fact]
    [Trait("Req", "R-351")]
    public async Task Bytes_that_are_not_UTF8_are_read_as_Latin1_beside_those_that_are()
    {
        byte[] body = [.. "{\"error\":\"invalid_scope\",\"error_description\":\"\u20ac "u8, 0xFC, .. "\"}"u8];
        await using TestTokenClient client = Responding(HttpStatusCode.BadRequest, body);
        Assert.Equal("\u20ac \u00fc", (await client.FailAsync()).ErrorDescription);
    }

    [Theory]
    [Trait("Req", "R-060")]
    [InlineData(401, """{"statusCode":401,"message":"No\nsubscription key."}""", "No subscription key", "gateway", "ClientId")]
    [InlineData(403, """{"type":"about:blank","title":"Denied","detail":"Not from here"}""", "Not from here", "gateway", "ClientId")]
    [InlineData(400, """{"title":"Denied"}""", "Denied", "gateway", "ClientId")]
    [InlineData(404, """{"message":"no Route matched"}""", "no Route matched", "TokenEndpoint", "not a token endpoint")]
    [InlineData(503, """{"message":"busy"}""", "busy", "transient", "transient")]
    public async Task Text_of_a_gateway_is_quoted(int status, string body, string text, string remedy, string option)
    {
        await using TestTokenClient client = TestTokenClient.Receiving(body, (HttpStatusCode)status);
        TokenRequestException exception = await client.FailAsync();
        Assert.Equal((null, text), (exception.Error, exception.ErrorDescription!.TrimEnd('.')));
        string said = $"responded with status {status}, application/json: {text}. ";
        Assert.All([said, remedy, option], part => Assert.Contains(part, exception.Message, StringComparison.Ordinal));
    }

    [Fact]
    [Trait("Req", "R-009")]
    public async Task Content_encoding_of_an_error_is_named()
    {
        await using TestTokenClient client = Responding(HttpStatusCode.BadRequest, [0x1F, 0x8B], "gzip");
        Assert.Contains("Content-Encoding gzip, which was not requested.", (await client.FailAsync()).Message, StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Req", "R-043")]
    [InlineData("""{"code":"40101","message":"canary is not subscribed"}""")]
    [InlineData("""{"token":"canary","detail":"canary was issued"}""")]
    public async Task A_200_without_a_token_is_reported_without_its_text(string json)
    {
        TokenRequestException exception = await FailAsync(json, "no access_token (status 200, application/json). Check");
        Assert.DoesNotContain("canary", exception.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Req", "R-052")]
    [InlineData("""{"message":"denied"}""")]
    [InlineData("500")]
    [InlineData("true")]
    public async Task An_error_without_a_code_beside_a_token_is_an_error(string error)
    {
        string json = $$"""{"access_token":"canary","error":{{error}}}""";
        Assert.DoesNotContain("canary", (await FailAsync(json, "status 200")).ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Req", "R-009")]
    [InlineData("gzip")]
    [InlineData("deflate, br")]
    public async Task Compressed_body_is_an_error_that_names_its_encoding(string encoding)
    {
        await using TestTokenClient client = Responding(HttpStatusCode.OK, [0x1F, 0x8B, 0x08, 0x00], encoding);
        string message = (await client.FailAsync()).Message;
        Assert.Contains($"(status 200, Content-Encoding {encoding}, which was not requested)", message, StringComparison.Ordinal);
        Assert.Contains("Turn compression off", message, StringComparison.Ordinal);
    }

    private static TestTokenClient Responding(HttpStatusCode status, byte[] body, string? encoding = null) =>
        TestTokenClient.Receiving(TestResponse.Custom(() =>
        {
            ByteArrayContent content = new(body);
            content.Headers.TryAddWithoutValidation("Content-Encoding", encoding);
            return new HttpResponseMessage(status) { Content = content };
        }));

    private static async Task<AccessToken> ReadAsync(string json, Action<ClientCredentialsOptions>? configure = null)
    {
        await using TestTokenClient client = TestTokenClient.Receiving(json, configure: configure);
        return await client.RequestAsync();
    }

    private static async Task<TokenRequestException> FailAsync(string json, string said)
    {
        TokenRequestException exception = await Assert.ThrowsAsync<TokenRequestException>(() => ReadAsync(json));
        Assert.Contains(said, exception.Message, StringComparison.Ordinal);
        return exception;
    }
}
