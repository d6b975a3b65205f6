using System.Net;
using System.Text;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.TokenEndpoint;

/// <summary>What an error quotes of a page or plain text: never a secret, a token or JSON.</summary>
public sealed class QuotedTextTests
{
    private const string Secret = "Zq7canaryKd93mVx";

    [Theory]
    [Trait("Req", "R-061")]
    [InlineData("text/plain; charset=utf-16", "bad secret {0}", "utf-16")]
    [InlineData("text/plain; charset=utf-16be", "bad secret {0}", "utf-16BE")]
    [InlineData("text/html; charset=utf-16", "<html><title>bad {0}</title>", "utf-16")]
    [InlineData("text/plain; charset=utf-32", "bad secret {0}", "utf-32")]
    [InlineData("text/plain", "bad\r\nsecret {0}", "utf-8")]
    [InlineData("text/html", "<html><title>\r\nbad {0}\r\n</title>", "utf-8")]
    [InlineData("application/xml", "<title>bad {0}</title>", "utf-8")]
    public async Task Secret_in_another_encoding_is_not_quoted(string type, string body, string charset)
    {
        string message = await MessageAsync(type, Encoding.GetEncoding(charset).GetBytes(body.Replace("{0}", Secret)), Secret);
        Assert.DoesNotContain('\n', message);
        Assert.DoesNotContain(Secret, Letters(message), StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-061")]
    public async Task Secret_as_entities_is_not_quoted()
    {
        string title = string.Concat(Secret.Select(c => $"&#{(int)c};"));
        string message = await MessageAsync("text/html", Encoding.UTF8.GetBytes($"<title>{title}</title>"), Secret);
        Assert.DoesNotContain(Secret, message, StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Req", "R-061")]
    [InlineData("text/plain", "{0} {0} {0} {0}")]
    [InlineData("text/html", "<title>{0} {0} {0} {0}</title>")]
    public async Task Long_secret_is_not_quoted_in_part(string type, string body)
    {
        string secret = string.Concat(Enumerable.Range(0, 600).Select(i => $"k{i:0000}"));
        string message = await MessageAsync(type, Encoding.UTF8.GetBytes(body.Replace("{0}", secret)), secret);
        Assert.DoesNotContain(secret[..40], message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-061")]
    public async Task Json_error_in_text_plain_is_quoted_once()
    {
        string message = await MessageAsync(
            "text/plain",
            Encoding.UTF8.GetBytes("""{"error":"invalid_scope","error_description":"no such scope"}"""),
            Secret);
        Assert.DoesNotContain("{\"error\"", message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-061")]
    public async Task Refresh_token_in_text_plain_error_is_not_quoted()
    {
        string message = await MessageAsync(
            "text/plain",
            Encoding.UTF8.GetBytes("""{"error":"invalid_scope","refresh_token":"rt-canary-123","id_token":"it-canary"}"""),
            Secret);
        Assert.DoesNotContain("canary", message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-061")]
    public async Task Remedy_of_a_jwt_svid_names_no_option_without_effect()
    {
        await using TestTokenClient client = TestTokenClient.Receiving(TestResponse.Error("invalid_client"), o =>
        {
            o.ClientSecret = null;
            o.AuthenticationMethod = "spiffe_jwt";
            o.UseClientAssertion(_ => new ValueTask<string>("a.b.c"));
        });
        string message = (await client.FailAsync()).Message;
        Assert.DoesNotContain("KeyId", message, StringComparison.Ordinal);
        Assert.DoesNotContain("AssertionAudience", message, StringComparison.Ordinal);
    }

    private static string Letters(string text) => string.Concat(text.Where(char.IsAsciiLetterOrDigit));

    private static async Task<string> MessageAsync(string type, byte[] body, string secret)
    {
        using StubHandler handler = new(_ =>
        {
            HttpResponseMessage response = new(HttpStatusCode.BadRequest) { Content = new ByteArrayContent(body) };
            response.Content.Headers.TryAddWithoutValidation("Content-Type", type);
            return response;
        });
        await using TestTokenClient client = new(
            options => (options.ClientSecret, options.AuthenticationMethod) = (secret, "client_secret_post"),
            handler: handler);
        return (await client.FailAsync()).Message;
    }
}
