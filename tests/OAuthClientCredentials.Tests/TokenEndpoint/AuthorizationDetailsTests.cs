using System.Net;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Distributed;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.TokenEndpoint;

/// <summary>Rich authorization requests (RFC 9396): what is sent, what shares a token, and what was granted.</summary>
public sealed class AuthorizationDetailsTests
{
    private const string Details = """[{"type":"payment","limit":1.50,"to":{"iban":"DE02","name":"J\u00fcrgen"}},{"type":"account"}]""";

    [Theory]
    [Trait("Req", "R-231")]
    [InlineData("""[ {"to": {"name":"Jürgen", "iban":"DE02"}, "limit": 1.50, "type":"payment"},{"type":"account"}]""", true)]
    [InlineData("""[{"type":"account"},{"type":"payment","limit":1.50,"to":{"iban":"DE02","name":"J\u00fcrgen"}}]""", false)]
    [InlineData("""[{"type":"payment","limit":1.5,"to":{"iban":"DE02","name":"J\u00fcrgen"}},{"type":"account"}]""", false)]
    [InlineData("""[{"type":"payment","limit":"1.50","to":{"iban":"DE02","name":"J\u00fcrgen"}},{"type":"account"}]""", false)]
    [InlineData("""[{"type":"payment","limit":1.50,"to":{"iban":"DE02","name":"Jurgen"}},{"type":"account"}]""", false)]
    public async Task White_space_member_order_and_escapes_make_no_other_token(string other, bool isSame)
    {
        await using TestProvider provider = new();
        TokenRequest first = new() { AuthorizationDetails = Details };
        TokenRequest second = new() { AuthorizationDetails = other };
        string token = await provider.GetAsync("", first);
        Assert.Equal(isSame, token == await provider.GetAsync("", second));
        Assert.Equal(isSame, first.Equals(second));
        Assert.Equal(isSame, provider.Tokens.KeyOf("", first) == provider.Tokens.KeyOf("", second));
        Assert.Equal(other, second.AuthorizationDetails);
    }

    [Fact]
    [Trait("Req", "R-231")]
    public async Task The_details_are_sent_as_they_were_given()
    {
        const string Given = """[ {"type" : "b", "a":1} ]""";
        string sent = await RecordingHandler.GetTokenRequestAsync(options => options.AuthorizationDetails = Given);
        Assert.Equal(Given, WebUtility.UrlDecode(sent.Split("authorization_details=")[1]));
    }

    [Theory]
    [Trait("Req", "R-231")]
    [InlineData(""","authorization_details":[{"type":"payment","limit":1}]""", """[{"type":"payment","limit":1}]""")]
    [InlineData(""","authorization_details":[]""", "[]")]
    [InlineData(""","authorization_details":"payment" """, null)]
    [InlineData("", null)]
    public async Task The_granted_details_are_those_of_the_response(string member, string? expected)
    {
        TestResponse response = TestResponse.Status(
            HttpStatusCode.OK,
            $$"""{"access_token":"abc","token_type":"Bearer","expires_in":3600{{member}}}""",
            "application/json");
        await using TestFleet fleet = TestFleet.Of(2);
        fleet.Server.Always(response);
        foreach (TestProvider replica in fleet.Replicas)
        {
            // The second one takes the token from the shared cache.
            AccessToken token = await replica.Tokens.GetTokenAsync(request: new() { AuthorizationDetails = Details });
            Assert.Equal(expected, token.AuthorizationDetails?.GetRawText());
        }

        Assert.Single(fleet.Server.Requests);
    }

    [Fact]
    [Trait("Req", "R-231")]
    public async Task A_refusal_of_the_details_is_not_retried_and_names_the_option()
    {
        await using TestTokenClient client = TestTokenClient.Receiving(
            TestResponse.Error("invalid_authorization_details"),
            options => options.MaxRetries = 2);
        TokenRequestException exception = await client.FailAsync(new() { AuthorizationDetails = Details });
        Assert.Equal(("invalid_authorization_details", false, 1), (exception.Error, exception.IsTransient, exception.Attempts));
        Assert.Contains("Check ClientCredentials:AuthorizationDetails", exception.Message, StringComparison.Ordinal);
    }
}
