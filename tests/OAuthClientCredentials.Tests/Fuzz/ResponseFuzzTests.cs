using System.Net;
using System.Text;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Fuzz;

/// <summary>Whole responses with status and headers, read by a client as applications have it.</summary>
public sealed class ResponseFuzzTests
{
    private static readonly int[] Statuses = [200, 200, 200, 201, 204, 302, 307, 400, 401, 403, 404, 429, 500, 503, 599];

    private byte[] _body = [];

    [Theory]
    [Trait("Req", "R-001")]
    [Trait("Req", "R-043")]
    [Trait("Req", "R-048")]
    [Trait("Req", "R-061")]
    [InlineData("token-responses", false)]
    [InlineData("error-responses", false)]
    [InlineData("metadata", true)]
    public async Task Response_is_a_token_that_can_be_used_or_a_typed_error_in_one_line(string corpus, bool isDiscovered)
    {
        using StubHandler handler = new(_ => Respond());
        await using TestTokenClient client = new(
            options =>
            {
                (options.ClientSecret, options.MaxLifetime) = ("canary", TimeSpan.FromDays(365));
                options.Authority = "https://id.example.com";
                options.TokenEndpoint = isDiscovered ? null : options.TokenEndpoint;
            },
            handler: handler);
        Func<Random, string> grammar = isDiscovered ? Grammar.Metadata : Grammar.Token;
        Fuzzer.Run(corpus, grammar, input => Check(client, input, hasSecret: !isDiscovered), share: 10);
    }

    private string Check(TestTokenClient client, byte[] input, bool hasSecret)
    {
        _body = input;
        client.Time.Advance(TimeSpan.FromHours(2));
        Task<AccessToken> request = client.Tokens.RequestTokenAsync();
        if (Record.ExceptionAsync(() => request).GetAwaiter().GetResult() is not { } exception)
        {
            DateTimeOffset now = client.Time.GetUtcNow();
            Assert.InRange(request.GetAwaiter().GetResult().ExpiresAt, now, now.AddDays(365));
            return "token";
        }

        TokenRequestException failure = Assert.IsType<TokenRequestException>(exception);
        Assert.DoesNotContain(failure.Message, char.IsControl);
        Assert.False(hasSecret && failure.ToString().Contains("canary", StringComparison.OrdinalIgnoreCase));

        // An exception that nobody expected would be reported as one of a custom handler.
        Assert.DoesNotContain("was thrown in", failure.Message, StringComparison.Ordinal);
        return $"{failure.StatusCode} {failure.Error} {failure.IsTransient}";
    }

    private HttpResponseMessage Respond()
    {
        string text = Encoding.Latin1.GetString(_body.AsSpan(0, Math.Min(_body.Length, 60)));
        int sum = _body.Sum(value => value);
        HttpResponseMessage response = new((HttpStatusCode)Statuses[sum % Statuses.Length]) { Content = new ByteArrayContent(_body) };
        response.Headers.TryAddWithoutValidation("Location", text);
        response.Headers.TryAddWithoutValidation("Retry-After", text);
        response.Headers.TryAddWithoutValidation("Date", text);
        response.Headers.TryAddWithoutValidation("RateLimit", text);
        response.Content.Headers.TryAddWithoutValidation("Content-Type", sum % 2 == 0 ? text : "text/canary");
        return response;
    }
}
