using System.Net;
using System.Text;
using Microsoft.Extensions.Options;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Authentication;

/// <summary>RFC 6749 section 2.3.1 as servers read it, and as those read it that do not decode.</summary>
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
    public async Task Id_and_secret_are_encoded_before_they_are_joined_unless_the_server_cannot_decode(string id, string secret, string rfc, string? raw)
    {
        Assert.Equal(rfc, await CredentialsAsync(id, secret, BasicEncoding.Rfc6749));
        if (raw is null)
        {
            OptionsValidationException exception = await Assert.ThrowsAsync<OptionsValidationException>(() => TokenProviderOf(id, secret, BasicEncoding.Raw));
            Assert.Contains("ClientCredentials:BasicEncoding is Raw", exception.Message, StringComparison.Ordinal);
            return;
        }

        Assert.Equal(raw, await CredentialsAsync(id, secret, BasicEncoding.Raw));
    }

    [Fact]
    [Trait("Req", "R-021")]
    public async Task Any_id_and_secret_come_out_of_a_form_decoder_as_they_went_in()
    {
        Random random = new(21);
        for (int round = 0; round < 300; round++)
        {
            string id = Text(random);
            string secret = Text(random);
            string[] parts = (await CredentialsAsync(id, secret, BasicEncoding.Rfc6749)).Split(':');
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
    public async Task A_rejected_client_is_told_of_the_other_encoding_where_it_differs(string id, string secret, BasicEncoding encoding, string? hint)
    {
        using Golden golden = new(() => Respond.Error(HttpStatusCode.Unauthorized, "invalid_client"));
        using OneClient client = new(golden.Handler, Options(id, secret, encoding));
        string message = (await client.FailAsync()).Message;
        Assert.Equal(hint is not null, message.Contains("BasicEncoding", StringComparison.Ordinal));
        Assert.Contains(hint ?? "", message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-030")]
    public async Task An_unset_method_means_client_secret_basic() =>
        Assert.Contains("\nAuthorization: Basic ", await Golden.OfAsync(options => options.AuthenticationMethod = null), StringComparison.Ordinal);

    private static async Task<string> CredentialsAsync(string id, string secret, BasicEncoding encoding)
    {
        string sent = await Golden.OfAsync(Options(id, secret, encoding));
        string header = sent.Split('\n').Single(line => line.StartsWith("Authorization: Basic ", StringComparison.Ordinal));
        return Encoding.UTF8.GetString(Convert.FromBase64String(header["Authorization: Basic ".Length..]));
    }

    private static async Task TokenProviderOf(string id, string secret, BasicEncoding encoding)
    {
        await using TokenProvider provider = TokenProvider.Create(options =>
        {
            options.TokenEndpoint = OneClient.Endpoint;
            Options(id, secret, encoding)(options);
        });
    }

    private static Action<ClientCredentialsOptions> Options(string id, string secret, BasicEncoding encoding) => options =>
    {
        options.ClientId = id;
        options.ClientSecret = secret;
        options.BasicEncoding = encoding;
    };

    private static string Text(Random random) =>
        string.Concat(Enumerable.Range(0, random.Next(1, 12)).Select(_ => random.Next(4) switch
        {
            0 => ":+% =&;/?"[random.Next(9)].ToString(),
            1 => ((char)random.Next('!', 0x7F)).ToString(),
            2 => char.ConvertFromUtf32(random.Next(0xA0, 0xD800)),
            _ => char.ConvertFromUtf32(random.Next(0x10000, 0x110000)),
        }));
}
