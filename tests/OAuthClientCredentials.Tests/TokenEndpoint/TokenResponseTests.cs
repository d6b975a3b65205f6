using System.Text;
using OAuthClientCredentials.TokenEndpoint;

namespace OAuthClientCredentials.Tests.TokenEndpoint;

/// <summary>How the JSON of a response is read.</summary>
public sealed class TokenResponseTests
{
    [Theory]
    [Trait("Req", "R-042")]
    [InlineData(new byte[] { 0xC3, 0x28 })]
    [InlineData(new byte[] { 0xFF, 0xFE })]
    [InlineData(new byte[] { 0xED, 0xA0, 0x80 })]
    public void Malformed_UTF8_is_an_error_also_in_unused_members(byte[] bytes)
    {
        byte[] body = [.. "{\"access_token\":\"abc\",\"refresh_token\":\""u8, .. bytes, .. "\"}"u8];
        Assert.Contains("UTF-8", Assert.Throws<FormatException>(() => TokenResponse.Parse(body)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Req", "R-044")]
    [InlineData("""{"access_token":"a","access_token":"b"}""")]
    [InlineData("""{"access_token":"a","\u0061ccess_token":"b"}""")]
    [InlineData("""{"access_token":"a","expires_in":1,"expires_in":2}""")]
    [InlineData("""{"access_token":"a","x":1,"x":2}""")]
    public void Member_that_comes_twice_is_an_error(string json) =>
        Assert.Contains("duplicate", Assert.Throws<FormatException>(() => Parse(json)).Message, StringComparison.Ordinal);

    [Fact]
    [Trait("Req", "R-044")]
    public void Member_names_are_case_sensitive()
    {
        Assert.Equal("abc", Parse("""{"ACCESS_TOKEN":"evil","access_token":"abc","Access_Token":"evil"}""").AccessToken);
        Assert.Equal("", Parse("""{"ACCESS_TOKEN":"evil"}""").AccessToken);
    }

    [Fact]
    [Trait("Req", "R-045")]
    public void Unknown_members_change_nothing_and_can_be_read()
    {
        Random random = new(45);
        string[] values = ["1", "\"x\"", "null", "true", "[]", "{}", "[[[[[[1]]]]]]", "{\"access_token\":\"evil\"}", "1e400"];
        for (int round = 0; round < 200; round++)
        {
            IEnumerable<int> numbers = Enumerable.Range(0, random.Next(6));
            string[] unknown = [.. numbers.Select(number => $"\"x{number}\":{values[random.Next(values.Length)]}")];
            string[] members = [.. unknown, "\"access_token\":\"abc\"", "\"expires_in\":3600"];
            random.Shuffle(members);
            TokenResponse response = Parse($"{{{string.Join(',', members)}}}");
            Assert.Equal(("abc", TimeSpan.FromHours(1)), (response.AccessToken, response.ExpiresIn));
            Assert.Equal(unknown.Length, response.AdditionalParameters.Count);
        }
    }

    [Theory]
    [Trait("Req", "R-045")]
    [InlineData(7, 254, true)]
    [InlineData(8, 0, false)]
    [InlineData(10_000, 0, false)]
    [InlineData(0, 255, false)]
    public void Nesting_and_number_of_members_have_a_limit(int depth, int others, bool succeeds)
    {
        string nested = new string('[', depth) + new string(']', depth);
        string members = string.Concat(Enumerable.Range(0, others).Select(number => $",\"{number}\":0"));
        string json = $$"""{"access_token":"abc","x":{{(depth == 0 ? "0" : nested)}}{{members}}}""";
        Assert.Equal(succeeds, Record.Exception(() => Parse(json)) is null);
    }

    [Fact]
    [Trait("Req", "R-051")]
    public void Refresh_and_id_tokens_are_dropped()
    {
        TokenResponse response = Parse("""{"access_token":"abc","refresh_token":"canary","id_token":{"a":["canary"]},"tenant":"t"}""");
        Assert.Equal("tenant", Assert.Single(response.AdditionalParameters).Key);
    }

    private static TokenResponse Parse(string json) => TokenResponse.Parse(Encoding.UTF8.GetBytes(json));
}
