using System.Net;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Diagnostics;

/// <summary>What log lines contain.</summary>
public sealed class LogTests
{
    [Fact]
    [Trait("Req", "R-365")]
    public async Task The_client_in_the_log_is_the_bare_name()
    {
        using LogLines log = new();
        await using TestProvider provider = TestProvider.WithServices(
            services =>
            {
                TestProvider.AddClient(services, "");
                TestProvider.AddClient(services, "orders");
            },
            log: log);
        await provider.GetAsync();
        await provider.GetAsync("orders");
        await Eventually.True(() => log.ValuesOf("Client").Length >= 4);
        Assert.Equal(["", "orders"], log.ValuesOf("Client").Distinct().Order(StringComparer.Ordinal));
        Assert.Equal(["no_token"], log.ValuesOf("Reason").Distinct());
    }

    [Fact]
    [Trait("Req", "R-216")]
    public async Task A_token_is_named_by_its_fingerprint_at_level_Debug_only()
    {
        using LogLines log = new();
        await using TestProvider provider = new(log: log);
        await provider.GetAsync();
        string fingerprint = provider.Tokens.GetStatus().TokenFingerprint!;
        await Eventually.True(() => log.Lines.Any(line => line.StartsWith("Debug 14 ", StringComparison.Ordinal)));
        string line = Assert.Single(log.Lines, line => line.Contains(fingerprint, StringComparison.Ordinal));
        Assert.StartsWith("Debug 14 ", line, StringComparison.Ordinal);
    }

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

    [Fact]
    [Trait("Req", "R-053")]
    [Trait("Req", "R-086")]
    [Trait("Req", "R-316")]
    public async Task Each_event_that_is_logged_once_is_logged_beside_the_others()
    {
        using LogLines log = new();
        TestResponse response = TestResponse.Custom(() =>
        {
            HttpResponseMessage response =
                Respond.Json(HttpStatusCode.OK, """{"access_token":"abc","expires_in":3600,"scope":"read"}""");
            response.Headers.Add("RateLimit", "9");
            response.Headers.Date = DateTimeOffset.UnixEpoch;
            return response;
        });
        await using TestTokenClient client = TestTokenClient.Receiving(response, options => options.Scopes = ["read write"], log);
        await client.RequestAsync();
        await client.RequestAsync();
        string[] events = ["Warning 4", "Warning 15", "Information 16"];
        Assert.All(events, logged => Assert.Single(log.Lines, line => line.StartsWith($"{logged} ", StringComparison.Ordinal)));
    }
}
