using System.Net;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Diagnostics;

/// <summary>Text from outside and the log.</summary>
public sealed class LogTests
{
    [Theory]
    [Trait("Req", "R-218")]
    [InlineData("invalid_client", "wrong\r\nfail: Shop.Payment[0] paid\u2028\u0085\u001b[31m")]
    [InlineData("invalid_client\r\nfail: Shop.Payment[0] paid", "wrong")]
    [InlineData("evil\u001b[2J{Client}{0}", "{Problem} {1} %n")]
    public async Task Text_of_a_server_cannot_start_a_line_of_the_log(string error, string description)
    {
        using LogLines log = new();
        await using TestProvider provider = new(log: log);
        provider.Server.Always(TestResponse.Error(error, description, HttpStatusCode.BadRequest));
        TokenRequestException exception = await provider.FailAsync();
        await Eventually.True(() => log.Lines.Any(line => line.StartsWith("Error 3 ", StringComparison.Ordinal)));
        string line = Assert.Single(log.Lines, line => line.StartsWith("Error 3 ", StringComparison.Ordinal));
        Assert.All(
            [line, exception.Message, exception.Error!, exception.ErrorDescription ?? ""],
            text => Assert.DoesNotContain(text, character => char.IsControl(character) || character == '\u2028'));
    }
}
