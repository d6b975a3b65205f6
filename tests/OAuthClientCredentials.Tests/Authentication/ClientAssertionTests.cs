using System.Text;
using Microsoft.IdentityModel.Tokens;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Authentication;

/// <summary>An assertion that comes from a file or a callback.</summary>
public sealed class ClientAssertionTests : IDisposable
{
    private readonly TemporaryFile _file = new("");

    public static TheoryData<string?, string> Problems => new()
    {
        { null, "does not exist" }, { "", "is empty" }, { "\n", "is empty" }, { "canary\ncanary", "more than one line" },
        { Jwt("""{"exp":1767225599}"""), "expired" }, { Jwt("""{"exp":1.5e9}""") + "\n", "expired" },
    };

    public static TheoryData<string> Unread =>
    [
        Jwt("""{"exp":1767225601}"""), Jwt("""{"exp":"soon"}"""), Jwt("""{"exp":1e999}"""), Jwt("[]"), Jwt("{"), Jwt("{}"),
        "opaque", "a.b", "a.b.c", "a.%.c", "..", "a.b.c.d.e",
    ];

    public void Dispose() => _file.Dispose();

    [Theory]
    [Trait("Req", "R-312")]
    [MemberData(nameof(Problems))]
    public async Task File_without_a_usable_assertion_is_an_error_until_it_is_fixed(string? content, string problem)
    {
        _file.Write(content ?? "");
        if (content is null)
        {
            _file.Dispose();
        }

        await using TestTokenClient client = new(FromFile);
        TokenRequestException exception = await client.FailAsync();
        Assert.All(
            [$"'{_file.Path}'", problem, "ClientCredentials:ClientAssertionFile"],
            part => Assert.Contains(part, exception.Message, StringComparison.Ordinal));
        Assert.DoesNotContain("canary", exception.ToString(), StringComparison.Ordinal);
        Assert.Equal((true, 0, 0), (exception.IsTransient, exception.Attempts, client.Server.Requests.Count));
        _file.Write(Jwt("{}"));
        await client.RequestAsync();
    }

    [Theory]
    [MemberData(nameof(Unread))]
    public async Task Assertion_that_cannot_be_read_is_sent_unchanged(string assertion)
    {
        _file.Write(assertion + "\n");
        Assert.EndsWith(
            "client_id=shop&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"
            + $"&client_assertion={Uri.EscapeDataString(assertion)}",
            await RecordingHandler.GetTokenRequestAsync(FromFile),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "UseClientAssertion returned no assertion")]
    [InlineData(null, "UseClientAssertion returned no assertion")]
    [InlineData("e30.eyJleHAiOjE3NjcyMjU1OTl9.canary", "UseClientAssertion returned an expired assertion")]
    public async Task Callback_without_a_usable_assertion_is_an_error_that_names_it(string? returned, string problem)
    {
        await using TestTokenClient client = new(options =>
        {
            options.ClientSecret = null;
            options.UseClientAssertion(_ => new(returned!));
        });
        TokenRequestException exception = await client.FailAsync();
        Assert.Contains(problem, exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", exception.ToString(), StringComparison.Ordinal);
        Assert.Equal((true, 0), (exception.IsTransient, client.Server.Requests.Count));
    }

    private static string Jwt(string claims) => $"e30.{Base64UrlEncoder.Encode(Encoding.UTF8.GetBytes(claims))}.canary";

    private void FromFile(ClientCredentialsOptions options) => (options.ClientSecret, options.ClientAssertionFile) = (null, _file.Path);
}
