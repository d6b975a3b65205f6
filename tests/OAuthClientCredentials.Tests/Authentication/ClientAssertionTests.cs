using System.Text;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Authentication;

/// <summary>An assertion that somebody else issues, and what is said of one that cannot be used.</summary>
public sealed class ClientAssertionTests : IDisposable
{
    private readonly string _file = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());

    public static TheoryData<string?, string> Problems => new()
    {
        { null, "cannot be read" },
        { "", "is empty" },
        { "\n", "is empty" },
        { "canary\ncanary", "holds more than one line" },
        { Jwt("""{"exp":1767225599}"""), "holds an assertion that has expired; whatever renews it has stopped" },
        { Jwt("""{"exp":1.5e9}""") + "\n", "holds an assertion that has expired" },
    };

    public static TheoryData<string> Unread =>
        [Jwt("""{"exp":1767225601}"""), Jwt("""{"exp":"soon"}"""), Jwt("[]"), Jwt("{"), Jwt("{}"), "opaque", "a.b", "a.b.c", "a.%.c", "..", "a.b.c.d.e", Jwt("""{"exp":1e999}""")];

    [Theory]
    [Trait("Req", "R-312")]
    [MemberData(nameof(Problems))]
    public async Task A_file_without_an_assertion_to_use_is_an_error_that_names_it_and_passes_when_it_is_mended(string? content, string problem)
    {
        Write(content);
        using Golden golden = new();
        using OneClient client = new(golden.Handler, FromFile);
        TokenRequestException exception = await client.FailAsync();
        Assert.Contains($"the file '{_file}' {problem}", exception.Message, StringComparison.Ordinal);
        Assert.Contains("Fix the file, or change ClientCredentials:ClientAssertionFile", exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", exception.ToString(), StringComparison.Ordinal);
        Assert.Equal((true, 0, 0), (exception.IsTransient, exception.Attempts, golden.Requests.Count));
        Write(Jwt("{}"));
        await client.GetAsync();
    }

    [Theory]
    [MemberData(nameof(Unread))]
    public async Task What_cannot_be_read_is_the_servers_to_judge(string assertion)
    {
        Write(assertion + "\n");
        string request = await Golden.OfAsync(FromFile);
        Assert.EndsWith($"client_id=shop&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion={Uri.EscapeDataString(assertion)}", request, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData(null)]
    public async Task A_callback_that_returns_none_is_an_error_that_names_it(string? nothing)
    {
        using Golden golden = new();
        using OneClient client = new(golden.Handler, options =>
        {
            options.ClientSecret = null;
            options.UseClientAssertion(_ => new(nothing!));
        });
        TokenRequestException exception = await client.FailAsync();
        Assert.Contains("the callback given to UseClientAssertion returned no assertion", exception.Message, StringComparison.Ordinal);
        Assert.True(exception.IsTransient);
    }

    public void Dispose() => File.Delete(_file);

    private static string Jwt(string claims) => $"e30.{Convert.ToBase64String(Encoding.UTF8.GetBytes(claims)).TrimEnd('=').Replace('+', '-').Replace('/', '_')}.canary";

    private void Write(string? content)
    {
        if (content is not null)
        {
            File.WriteAllText(_file, content);
        }
    }

    private void FromFile(ClientCredentialsOptions options) => (options.ClientSecret, options.ClientAssertionFile) = (null, _file);
}
