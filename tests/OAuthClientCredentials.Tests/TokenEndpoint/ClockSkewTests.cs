using System.Globalization;
using System.Net;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.TokenEndpoint;

/// <summary>The Date header of a token response: it explains a refusal and changes nothing else.</summary>
public sealed class ClockSkewTests
{
    private const string Jwt = "private_key_jwt";
    private const string Secret = "client_secret_basic";
    private const string SmallSkew =
        " The clock of the server shows 10:01:03 UTC, and the clock of this machine 10:01:02 UTC. "
        + "Check that both are right, and that the assertion is not an old one.";

    private const string NoDate =
        " The clock of this machine shows 2026-03-01 10:01:02 UTC; the response has no Date header. Check that the clock is right.";

    private static readonly DateTimeOffset Now = new(2026, 3, 1, 10, 1, 2, TimeSpan.Zero);

    /// <summary>Method, error_description, seconds that the server is ahead or null without a Date, and the end of the message.</summary>
    public static TheoryData<string, string?, int?, string?> Refusals
    {
        get
        {
            const string Server = " The clock of the server shows ";
            const string Correct = " Correct the one that is wrong.";
            TheoryData<string, string?, int?, string?> data = new()
            {
                { Secret, null, 250, $"{Server}10:05:12 UTC, and the clock of this machine 10:01:02 UTC.{Correct}" },
                { Secret, "no", -61, $"{Server}10:00:01 UTC, and the clock of this machine 10:01:02 UTC.{Correct}" },
                { Secret, "The secret is expired.", 61, $"{Server}10:02:03 UTC, and the clock of this machine 10:01:02 UTC.{Correct}" },
                {
                    Jwt, null, 86400,
                    $"{Server}2026-03-02 10:01:02 UTC, and the clock of this machine 2026-03-01 10:01:02 UTC.{Correct}"
                },
                { Secret, null, 60, null }, { Secret, null, -60, null }, { Secret, null, null, null },
                { Secret, "The secret is expired.", 1, null }, { Secret, "The secret is expired.", null, null },
                { Jwt, null, 1, null }, { Jwt, null, null, null },
            };
            string[] aboutTime =
            [
                "Token was issued in the future", "The assertion is NOT YET VALID", "Token is not active", "iat: wrong",
                "Client assertion is not within its valid time range", "(nbf)", "'exp' claim is missing", "The token is expired.",
                "Check for clock skew.", "The client_assertion token has an expiration too far into the future.",
                "Token used before issued", "token is not valid yet",
            ];
            foreach (string description in aboutTime)
            {
                data.Add(Jwt, description, 1, SmallSkew);
                data.Add(Jwt, description, null, NoDate);
            }

            foreach (string description in new[] { "unexpected aud", "expensive", "clockwork", "iats", "unexpired key" })
            {
                data.Add(Jwt, description, 1, null);
            }

            return data;
        }
    }

    [Theory]
    [Trait("Req", "R-086")]
    [InlineData(null)]
    [InlineData(-86400)]
    [InlineData(-61)]
    [InlineData(61)]
    [InlineData(86400)]
    public async Task Date_of_a_response_does_not_change_the_expiry(int? ahead)
    {
        await using TestTokenClient client = Receiving(() => Respond.Token("abc", 3600), ahead);
        Assert.Equal(Now.AddHours(1), (await client.Tokens.RequestTokenAsync()).ExpiresAt);
    }

    [Theory]
    [Trait("Req", "R-086")]
    [MemberData(nameof(Refusals))]
    public async Task Refusal_shows_both_clocks_when_time_may_be_the_cause(string method, string? description, int? ahead, string? end)
    {
        string body = $$"""{"error":"invalid_request","error_description":"{{description}}"}""";
        await using TestTokenClient client =
            Receiving(() => Respond.Json(HttpStatusCode.BadRequest, body), ahead, options => Authenticate(options, method));
        string message = await RefusalAsync(client);
        Assert.Equal(end is not null, message.Contains("he clock of", StringComparison.Ordinal));
        Assert.EndsWith(end ?? "", message, StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Req", "R-086")]
    [InlineData(HttpStatusCode.OK, 61, true)]
    [InlineData(HttpStatusCode.OK, -61, true)]
    [InlineData(HttpStatusCode.BadRequest, 61, true)]
    [InlineData(HttpStatusCode.OK, 60, false)]
    [InlineData(HttpStatusCode.OK, -60, false)]
    [InlineData(HttpStatusCode.OK, null, false)]
    public async Task Clocks_that_differ_by_more_than_60_seconds_are_logged_once(HttpStatusCode status, int? ahead, bool isLogged)
    {
        using LogLines log = new();
        await using TestTokenClient client = Receiving(
            () => status == HttpStatusCode.OK ? Respond.Token("abc", 3600) : Respond.Error(status, "invalid_scope"),
            ahead,
            log: log);
        for (int call = 0; call < 3; call++)
        {
            await Record.ExceptionAsync(() => client.Tokens.RequestTokenAsync());
        }

        string[] lines = [.. log.Lines.Where(line => line.StartsWith("Warning 15 Client '' ", StringComparison.Ordinal))];
        Assert.Equal(isLogged ? 1 : 0, lines.Length);
        string server = Now.AddSeconds(ahead ?? 0).ToString("u", CultureInfo.InvariantCulture);
        Assert.All(lines, line => Assert.Contains($"Date header shows {server}, while", line, StringComparison.Ordinal));
        Assert.All(lines, line => Assert.Contains("this machine shows 2026-03-01 10:01:02Z. ", line, StringComparison.Ordinal));
    }

    [Fact]
    [Trait("Req", "R-086")]
    public async Task Date_that_is_not_valid_counts_as_missing()
    {
        await using TestTokenClient client = Receiving(
            () =>
            {
                HttpResponseMessage response =
                    Respond.Json(HttpStatusCode.BadRequest, """{"error":"invalid_request","error_description":"iat"}""");
                response.Headers.TryAddWithoutValidation("Date", "yesterday");
                return response;
            },
            ahead: null,
            options => Authenticate(options, Jwt));
        Assert.EndsWith(NoDate, await RefusalAsync(client), StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-086")]
    public async Task A_slow_body_is_not_a_clock_skew()
    {
        using LogLines log = new();
        TestTimeProvider time = new(Now);
        HttpResponseMessage Slow() => new()
        {
            Content = new SlowContent("""{"access_token":"abc","expires_in":3600}""", () => time.Advance(TimeSpan.FromSeconds(100))),
        };
        await using TestTokenClient client =
            Receiving(Slow, ahead: 0, options => options.AttemptTimeout = options.Timeout = TimeSpan.FromMinutes(5), log, time);
        await client.Tokens.RequestTokenAsync();
        Assert.Equal(Now.AddSeconds(100), time.GetUtcNow());
        Assert.DoesNotContain(log.Lines, line => line.StartsWith("Warning 15 ", StringComparison.Ordinal));
    }

    // The clock stands still meanwhile.
    private static async Task<string> RefusalAsync(TestTokenClient client) =>
        (await Assert.ThrowsAsync<TokenRequestException>(() => client.Tokens.RequestTokenAsync())).Message;

    private static void Authenticate(ClientCredentialsOptions options, string method)
    {
        if (method == Jwt)
        {
            options.ClientSecret = null;
            options.UseClientAssertion(_ => new("assertion"));
        }
    }

    private static TestTokenClient Receiving(
        Func<HttpResponseMessage> respond,
        int? ahead,
        Action<ClientCredentialsOptions>? configure = null,
        LogLines? log = null,
        TestTimeProvider? time = null)
    {
        TestTokenClient client = new(configure, new(time ?? new TestTimeProvider(Now)), log: log);
        client.Server.Always(TestResponse.Custom(() =>
        {
            HttpResponseMessage response = respond();
            if (ahead is { } seconds)
            {
                response.Headers.Date = Now.AddSeconds(seconds);
            }

            return response;
        }));
        return client;
    }

    private sealed class SlowContent(string text, Action onRead) : StringContent(text)
    {
        protected override Task<Stream> CreateContentReadStreamAsync()
        {
            onRead();
            return base.CreateContentReadStreamAsync();
        }
    }
}
