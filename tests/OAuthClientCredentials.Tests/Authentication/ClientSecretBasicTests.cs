using System.Net;
using System.Text;
using Microsoft.Extensions.Options;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Authentication;

/// <summary>RFC 6749 section 2.3.1 for servers that decode id and secret, and for those that do not.</summary>
public sealed class ClientSecretBasicTests
{
    [Theory]
    [Trait("Req", "R-021")]
    [Trait("Req", "R-022")]
    [InlineData("shop", "secret", "shop:secret", "shop:secret")]
    [InlineData("a-b.c_d~e", "A-Z.0_9~", "a-b.c_d~e:A-Z.0_9~", "a-b.c_d~e:A-Z.0_9~")]
    [InlineData("shop", "a b", "shop:a+b", "shop:a b")]
    [InlineData("shop", "a+b", "shop:a%2Bb", "shop:a+b")]
    [InlineData("shop", "a:b", "shop:a%3Ab", "shop:a:b")]
    [InlineData("shop", "a%20b", "shop:a%2520b", "shop:a%20b")]
    [InlineData("shop", "!*'()/=&", "shop:%21%2A%27%28%29%2F%3D%26", "shop:!*'()/=&")]
    [InlineData("é", "日本😀", "%C3%A9:%E6%97%A5%E6%9C%AC%F0%9F%98%80", "é:日本😀")]
    [InlineData("urn:shop", "secret", "urn%3Ashop:secret", null)]
    public async Task Id_and_secret_are_encoded_unless_BasicEncoding_is_Raw(string id, string secret, string rfc, string? raw)
    {
        Assert.Equal(rfc, await GetCredentialsAsync(id, secret, BasicEncoding.Rfc6749));
        if (raw is not null)
        {
            Assert.Equal(raw, await GetCredentialsAsync(id, secret, BasicEncoding.Raw));
            return;
        }

        OptionsValidationException exception = await Assert.ThrowsAsync<OptionsValidationException>(
            () => GetCredentialsAsync(id, secret, BasicEncoding.Raw));
        Assert.Contains("The default client: BasicEncoding", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-021")]
    public async Task Any_id_and_secret_can_be_decoded_as_a_form()
    {
        Random random = new(21);
        for (int round = 0; round < 100; round++)
        {
            // Neither may begin or end with white space.
            string id = $"a{GetText(random)}z";
            string secret = $"a{GetText(random)}z";
            string[] parts = (await GetCredentialsAsync(id, secret, BasicEncoding.Rfc6749)).Split(':');
            Assert.Equal([id, secret], parts.Select(WebUtility.UrlDecode));
        }
    }

    [Theory]
    [Trait("Req", "R-022")]
    [InlineData("shop", "p+q", BasicEncoding.Rfc6749, "ClientCredentials:BasicEncoding = Raw")]
    [InlineData("shop", "p+q", BasicEncoding.Raw, "ClientCredentials:BasicEncoding = Rfc6749")]
    [InlineData("a/b", "secret", BasicEncoding.Rfc6749, "ClientCredentials:BasicEncoding = Raw")]
    [InlineData("a:b", "secret", BasicEncoding.Rfc6749, null)]
    [InlineData("shop", "secret", BasicEncoding.Rfc6749, null)]
    public async Task Rejected_client_gets_a_hint_where_the_encodings_differ(string id, string secret, BasicEncoding encoding, string? hint)
    {
        await using TestTokenClient client =
            TestTokenClient.Receiving("""{"error":"invalid_client"}""", HttpStatusCode.Unauthorized, Use(id, secret, encoding));
        string message = (await client.FailAsync()).Message;
        Assert.Equal(hint is not null, message.Contains("BasicEncoding", StringComparison.Ordinal));
        Assert.Contains(hint ?? "", message, StringComparison.Ordinal);
    }

    private static async Task<string> GetCredentialsAsync(string id, string secret, BasicEncoding encoding)
    {
        string sent = await RecordingHandler.GetTokenRequestAsync(Use(id, secret, encoding));
        string header = sent.Split('\n').Single(line => line.StartsWith("Authorization: Basic ", StringComparison.Ordinal));
        return Encoding.UTF8.GetString(Convert.FromBase64String(header["Authorization: Basic ".Length..]));
    }

    private static Action<ClientCredentialsOptions> Use(string id, string secret, BasicEncoding encoding) => options =>
        (options.ClientId, options.ClientSecret, options.BasicEncoding) = (id, secret, encoding);

    private static string GetText(Random random) =>
        string.Concat(Enumerable.Range(0, random.Next(1, 12)).Select(_ => random.Next(4) switch
        {
            0 => ":+% =&;/?"[random.Next(9)].ToString(),
            1 => ((char)random.Next('!', 0x7F)).ToString(),
            2 => char.ConvertFromUtf32(random.Next(0xA0, 0xD800)),
            _ => char.ConvertFromUtf32(random.Next(0x10000, 0x110000)),
        }));
}
