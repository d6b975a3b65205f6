using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Authentication;

/// <summary>A secret in a file.</summary>
public sealed class ClientSecretTests : IDisposable
{
    private readonly TemporaryFile _file = new("");

    public static TheoryData<byte[]?, string> Problems => new()
    {
        { null, "does not exist" },
        { [], "is empty" }, { [(byte)'\n'], "is empty" },
        { "canary\n\n"u8.ToArray(), "more than one line" }, { "canary\rcanary"u8.ToArray(), "more than one line" },
        { "canary\0"u8.ToArray(), "more than one line" },
        { [0xC3, 0x28], "UTF-8" },
        { new byte[(64 * 1024) + 1], "larger than 65536 bytes" },
    };

    public static TheoryData<string> Replacements
    {
        get
        {
            TheoryData<string> data = ["written", "renamed over"];

            // On Windows, only an administrator or developer mode may create a symlink.
            if (!OperatingSystem.IsWindows())
            {
                data.Add("symlink swapped");
            }

            return data;
        }
    }

    public void Dispose() => _file.Dispose();

    [Theory]
    [Trait("Req", "R-028")]
    [InlineData("secret", "secret")]
    [InlineData("secret\n", "secret")]
    [InlineData("secret\r\n", "secret")]
    [InlineData(" secret ", "+secret+")]
    [InlineData("sécret\n", "s%C3%A9cret")]
    [InlineData("\uFEFFsecret", "secret")]
    public async Task Secret_file_loses_one_line_break_and_nothing_else(string content, string sent)
    {
        _file.Write(content);
        string request = await RecordingHandler.GetTokenRequestAsync(FromFile(_file.Path));
        Assert.EndsWith($"&client_secret={sent}", request, StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Req", "R-028")]
    [MemberData(nameof(Problems))]
    public async Task Secret_file_without_one_secret_is_an_error_that_names_it(byte[]? content, string problem)
    {
        _file.Dispose();
        if (content is not null)
        {
            await File.WriteAllBytesAsync(_file.Path, content);
        }

        await FailAsync(_file.Path, problem);
    }

    [Theory]
    [Trait("Req", "R-312")]
    [MemberData(nameof(Replacements))]
    public async Task Secret_file_is_read_for_each_token_request(string replacement)
    {
        using TemporaryFile first = new("old");
        using TemporaryFile second = new("new");
        string other = $"{_file.Path}.new";
        if (replacement == "symlink swapped")
        {
            _file.Dispose();
            File.CreateSymbolicLink(_file.Path, first.Path);
        }
        else
        {
            _file.Write("old");
        }

        using RecordingHandler server = new();
        await using TestTokenClient client = new(FromFile(_file.Path), handler: server);
        await client.RequestAsync();
        Replace();
        await client.RequestAsync();
        string[] secrets = [.. server.Requests.Select(request => request[(request.LastIndexOf('=') + 1)..])];
        Assert.Equal(["old", "new"], secrets);

        void Replace()
        {
            switch (replacement)
            {
                case "written":
                    _file.Write("new");
                    break;
                case "renamed over":
                    File.Move(second.Path, _file.Path, overwrite: true);
                    break;
                default:
                    File.CreateSymbolicLink(other, second.Path);
                    File.Move(other, _file.Path, overwrite: true);
                    break;
            }
        }
    }

    [Fact]
    [Trait("Req", "R-312")]
    public async Task Endless_device_is_read_to_the_limit_and_no_further()
    {
        if (File.Exists("/dev/zero"))
        {
            await FailAsync("/dev/zero", "larger than 65536 bytes");
        }
    }

    private static async Task FailAsync(string file, string problem)
    {
        await using TestTokenClient client = new(FromFile(file));
        TokenRequestException exception = await client.FailAsync();
        Assert.All(
            [$"'{file}'", problem, "ClientCredentials:ClientSecretFile"],
            part => Assert.Contains(part, exception.Message, StringComparison.Ordinal));
        Assert.DoesNotContain("canary", exception.ToString(), StringComparison.Ordinal);
        Assert.Equal((0, 0), (exception.Attempts, client.Server.Requests.Count));
    }

    private static Action<ClientCredentialsOptions> FromFile(string file) => options =>
        (options.AuthenticationMethod, options.ClientSecret, options.ClientSecretFile) = ("client_secret_post", null, file);
}
