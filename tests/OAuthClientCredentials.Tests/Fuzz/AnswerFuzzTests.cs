using System.Net;
using System.Text;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Fuzz;

/// <summary>Whole answers, status and headers too, through a client as applications have it.</summary>
public sealed class AnswerFuzzTests
{
    private static readonly int[] Statuses = [200, 200, 200, 201, 204, 302, 307, 400, 401, 403, 404, 429, 500, 503, 599];

    [Theory]
    [Trait("Req", "R-001")]
    [Trait("Req", "R-043")]
    [Trait("Req", "R-048")]
    [Trait("Req", "R-061")]
    [InlineData("token-responses", false)]
    [InlineData("error-responses", false)]
    [InlineData("metadata", true)]
    public void An_answer_is_a_token_that_can_be_used_or_a_typed_error_in_one_line(string corpus, bool discovers)
    {
        using Answering handler = new();
        using OneClient client = new(handler, options =>
        {
            (options.ClientSecret, options.MaxLifetime) = ("canary", TimeSpan.FromDays(365));
            options.Authority = "https://id.example.com";
            options.TokenEndpoint = discovers ? null : OneClient.Endpoint;
        });
        Fuzzer.Run(corpus, discovers ? Grammar.Metadata : Grammar.Token, input => Check(client, handler, input, discovers ? [] : ["canary"]), share: 10);
    }

    private static string Check(OneClient client, Answering handler, byte[] input, string[] secrets)
    {
        handler.Answer = input;
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
        Assert.All(secrets, secret => Assert.DoesNotContain(secret, failure.ToString(), StringComparison.OrdinalIgnoreCase));
        Assert.DoesNotContain("of the application", failure.Message, StringComparison.Ordinal);
        return $"{failure.StatusCode} {failure.Error} {failure.IsTransient}";
    }

    private sealed class Answering : HttpMessageHandler
    {
        public byte[] Answer { get; set; } = [];

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            string text = Encoding.Latin1.GetString(Answer.AsSpan(0, Math.Min(Answer.Length, 60)));
            int sum = Answer.Sum(value => value);
            HttpResponseMessage response = new((HttpStatusCode)Statuses[sum % Statuses.Length]) { Content = new ByteArrayContent(Answer) };
            response.Headers.TryAddWithoutValidation("Location", text);
            response.Headers.TryAddWithoutValidation("Retry-After", text);
            response.Content.Headers.TryAddWithoutValidation("Content-Type", sum % 2 == 0 ? text : "text/canary");
            return Task.FromResult(response);
        }
    }
}
