using System.Net;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Transport;

/// <summary>An error page or a plain text of a gateway is reported as such: the credential is not the first suspect.</summary>
public sealed class WebPageTests
{
    private const string Front = "A proxy or firewall in front of the authorization server may have refused the request";
    private const string Credential = "If the authorization server sent it: Check ClientCredentials:ClientId";

    [Theory]
    [Trait("Req", "R-352")]
    [InlineData(400, "text/html", "<html><title>400 No required SSL certificate was sent</title>", "without a client certificate")]
    [InlineData(401, "text/html", "<html></html>", Front)]
    [InlineData(403, "text/html", "<HTML><HEAD><TITLE>Access Denied</TITLE></HEAD>", Front)]
    [InlineData(403, "text/plain", "RBAC: access denied", Front)]
    [InlineData(403, "application/xml", " <?xml version=\"1.0\"?><Error/>", Front)]
    [InlineData(403, null, "", Front)]
    [InlineData(406, "text/html", "<title>Not Acceptable</title>", Front)]
    [InlineData(404, "text/html", "<title>404 Not Found</title>", "this is not a token endpoint")]
    [InlineData(405, "text/html", "<title>405 Not Allowed</title>", "this is not a token endpoint")]
    [InlineData(502, "text/html", "<title>502 Bad Gateway</title>", "transient")]
    public async Task Page_blames_what_stands_in_front(int status, string? mediaType, string body, string remedy)
    {
        string message = (await FailAsync(status, mediaType, body)).Message;
        Assert.Contains(remedy, message, StringComparison.Ordinal);
        Assert.Equal(remedy == Front, message.Contains(Credential, StringComparison.Ordinal));
    }

    [Theory]
    [Trait("Req", "R-061")]
    [Trait("Req", "R-352")]
    [InlineData("text/html", "<html><title lang=\"en\">\r\n403 &amp; out\r\n</title><p>canary</p>", "text/html, '403 & out'")]
    [InlineData("text/html", "<title>a s3cret-value b</title>", "'a *** b'")]
    [InlineData("text/plain", "error code: 1020\n", "text/plain, 'error code: 1020'")]
    [InlineData("text/html", "<title></title>canary", "(status 403, text/html)")]
    [InlineData("text/html", "<title>canary", "(status 403, text/html)")]
    [InlineData("text/html", "canary</title><title", "(status 403, text/html)")]
    [InlineData("text/html", "canary</title>", "(status 403, text/html)")]
    public async Task Title_of_an_error_page_is_quoted_and_nothing_else(string mediaType, string body, string said)
    {
        string message = (await FailAsync(403, mediaType, body)).Message;
        Assert.Contains(said.Trim('(', ')'), message, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-061")]
    public async Task Text_of_a_success_response_is_not_quoted() => Assert.DoesNotContain(
        "canary",
        (await FailAsync(200, "text/html", "<title>canary</title>")).Message,
        StringComparison.Ordinal);

    [Theory]
    [Trait("Req", "R-352")]
    [InlineData("invalid_grant", "secret", "Some servers accept the secret only in the form: try ClientCredentials:AuthenticationMethod")]
    [InlineData("invalid_grant", "p+q", "try ClientCredentials:BasicEncoding = Raw, or ClientCredentials:AuthenticationMethod")]
    [InlineData("invalid_client", "p+q", "try ClientCredentials:BasicEncoding = Raw, or ClientCredentials:AuthenticationMethod")]
    public async Task Secret_that_a_server_cannot_read_gets_the_other_method(string error, string secret, string remedy)
    {
        await using TestTokenClient client = TestTokenClient.Receiving(
            $$"""{"error":"{{error}}"}""",
            HttpStatusCode.BadRequest,
            options => options.ClientSecret = secret);
        Assert.Contains($"{remedy} = client_secret_post.", (await client.FailAsync()).Message, StringComparison.Ordinal);
    }

    private static async Task<TokenRequestException> FailAsync(int status, string? mediaType, string body)
    {
        await using TestTokenClient client = TestTokenClient.Receiving(
            TestResponse.Status((HttpStatusCode)status, body, mediaType ?? "x/none"),
            options => options.ClientSecret = "s3cret-value");
        return await client.FailAsync();
    }
}
