using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Diagnostics;

/// <summary>What comes from outside cannot write a line of its own into the log.</summary>
public sealed class LogTests
{
    [Theory]
    [Trait("Req", "R-218")]
    [InlineData("invalid_client", "wrong\r\nfail: Shop.Payment[0] paid\u2028\u0085\u001b[31m")]
    [InlineData("invalid_client\r\nfail: Shop.Payment[0] paid", "wrong")]
    [InlineData("evil\u001b[2J{Client}{0}", "{Problem} {1} %n")]
    public async Task Text_of_a_server_stays_inside_of_its_line(string error, string description)
    {
        using LogLines log = new();
        TestAuthorizationServer server = new();
        server.Always(TestResponse.Error(error, description, HttpStatusCode.BadRequest));
        ServiceCollection services = new();
        services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(log));
        services.AddClientCredentials(options => (options.TokenEndpoint, options.ClientId, options.ClientSecret, options.MaxRetries) = (OneClient.Endpoint, "shop", "secret", 0));
        await using ServiceProvider provider = services.UseTestAuthorizationServer(server).BuildServiceProvider();
        TokenRequestException exception = await Assert.ThrowsAsync<TokenRequestException>(async () => await provider.GetRequiredService<ITokenProvider>().GetTokenAsync());
        await Eventually.True(() => log.Lines.Any(line => line.StartsWith("Error 3 ", StringComparison.Ordinal)));
        string line = Assert.Single(log.Lines, line => line.StartsWith("Error 3 ", StringComparison.Ordinal));
        Assert.All([line, exception.Message, exception.Error!, exception.ErrorDescription ?? ""], text => Assert.DoesNotContain(text, character => char.IsControl(character) || character == '\u2028'));
    }
}
