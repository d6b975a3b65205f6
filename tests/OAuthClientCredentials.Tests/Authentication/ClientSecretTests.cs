using Microsoft.Extensions.Options;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Authentication;

public sealed class ClientSecretTests : IDisposable
{
    private readonly string _file = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());

    [Theory]
    [Trait("Req", "R-028")]
    [InlineData("a\rb")]
    [InlineData("a\nb")]
    [InlineData("a\0b")]
    [InlineData("secret\n")]
    public void A_line_break_or_a_NUL_in_id_or_secret_is_an_error_at_start(string value)
    {
        foreach (string option in new[] { "ClientId", "ClientSecret" })
        {
            OptionsValidationException exception = Assert.Throws<OptionsValidationException>(() => TokenProvider.Create(options =>
            {
                options.TokenEndpoint = OneClient.Endpoint;
                options.ClientId = option == "ClientId" ? value : "shop";
                options.ClientSecret = option == "ClientSecret" ? value : "secret";
            }));
            Assert.StartsWith($"ClientCredentials:{option} contains a line break or a NUL character", exception.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [Trait("Req", "R-028")]
    [InlineData("secret", "secret")]
    [InlineData("secret\n", "secret")]
    [InlineData("secret\r\n", "secret")]
    [InlineData(" secret ", "+secret+")]
    [InlineData("sécret\n", "s%C3%A9cret")]
    [InlineData("\uFEFFsecret", "secret")]
    public async Task A_secret_file_loses_one_line_break_and_nothing_else(string content, string sent)
    {
        await File.WriteAllTextAsync(_file, content);
        Assert.EndsWith($"&client_secret={sent}", await Golden.OfAsync(FromFile), StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Req", "R-028")]
    [InlineData("", "is empty")]
    [InlineData("\n", "is empty")]
    [InlineData("canary\n\n", "holds more than one line")]
    [InlineData("canary\rcanary", "holds more than one line")]
    [InlineData("canary\0", "holds more than one line")]
    [InlineData(null, "cannot be read")]
    public async Task A_secret_file_without_one_secret_is_an_error_that_names_it(string? content, string problem)
    {
        if (content is not null)
        {
            await File.WriteAllTextAsync(_file, content);
        }

        TokenRequestException exception = await FailAsync();
        Assert.Contains($"the file '{_file}' {problem}", exception.Message, StringComparison.Ordinal);
        Assert.Contains("ClientCredentials:ClientSecretFile", exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", exception.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-028")]
    public async Task A_secret_file_that_is_no_UTF8_or_far_too_large_is_an_error_that_names_it()
    {
        await File.WriteAllBytesAsync(_file, [0xC3, 0x28]);
        Assert.Contains($"'{_file}' is not UTF-8 text", (await FailAsync()).Message, StringComparison.Ordinal);
        await File.WriteAllBytesAsync(_file, new byte[(64 * 1024) + 1]);
        Assert.Contains($"'{_file}' is larger than 65536 bytes", (await FailAsync()).Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-030")]
    public void A_secret_and_a_secret_file_at_once_are_an_error_at_start()
    {
        OptionsValidationException exception = Assert.Throws<OptionsValidationException>(() => TokenProvider.Create(options =>
        {
            options.TokenEndpoint = OneClient.Endpoint;
            options.ClientId = "shop";
            options.ClientSecret = "secret";
            options.ClientSecretFile = _file;
        }));
        Assert.StartsWith("ClientCredentials:ClientSecretFile is set beside ClientSecret", exception.Message, StringComparison.Ordinal);
    }

    public void Dispose() => File.Delete(_file);

    private async Task<TokenRequestException> FailAsync()
    {
        using Golden golden = new();
        using OneClient client = new(golden.Handler, FromFile);
        TokenRequestException exception = await client.FailAsync();
        Assert.Empty(golden.Requests);
        Assert.Equal(0, exception.Attempts);
        return exception;
    }

    private void FromFile(ClientCredentialsOptions options)
    {
        options.AuthenticationMethod = "client_secret_post";
        options.ClientSecret = null;
        options.ClientSecretFile = _file;
    }

    [Fact]
    [Trait("Req", "R-011")]
    [Trait("Req", "R-225")]
    public async Task A_credential_that_blocks_its_thread_takes_no_longer_than_the_limit()
    {
        using ManualResetEventSlim end = new();
        await using TokenProvider tokens = TokenProvider.Create(options =>
        {
            (options.TokenEndpoint, options.ClientId, options.Timeout) = (OneClient.Endpoint, "shop", TimeSpan.FromMilliseconds(200));
            options.UseClientAssertion(_ =>
            {
                end.Wait();
                return new("assertion");
            });
        });
        TokenRequestException failure = await Assert.ThrowsAsync<TokenRequestException>(async () => await tokens.GetTokenAsync());
        end.Set();
        Assert.True(failure.IsTransient);
    }

    [Fact]
    [Trait("Req", "R-312")]
    public async Task A_device_without_end_is_read_to_the_limit_and_no_further()
    {
        if (!File.Exists("/dev/zero"))
        {
            return;
        }

        using OneClient client = new(new TestAuthorizationServer(), options => (options.ClientSecret, options.ClientSecretFile) = (null, "/dev/zero"));
        Assert.Contains("is larger than 65536 bytes", (await client.FailAsync()).Message, StringComparison.Ordinal);
    }
}
