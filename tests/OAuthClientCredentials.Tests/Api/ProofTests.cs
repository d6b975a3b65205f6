using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Api;

/// <summary>Tokens that are bound to a key: each send has its own proof, and the API may ask for another one.</summary>
public sealed class ProofTests
{
    // The responses of the API with the nonces in them, the content of the request, and the proofs that the API receives.
    [Theory]
    [Trait("Req", "R-120")]
    [Trait("Req", "R-371")]
    [InlineData("200", "text", "token-1 proof-1")]
    [InlineData("200 n1", "text", "token-1 proof-1")]
    [InlineData("401 n1, 200", "text", "token-1 proof-1|token-1 proof-2-n1")]
    [InlineData("401 n1, 401 n2", "text", "token-1 proof-1|token-1 proof-2-n1|token-2 proof-3-n2")]
    [InlineData("401 n1, 401, 200", "text", "token-1 proof-1|token-1 proof-2-n1|token-2 proof-3-n1")]
    [InlineData("401, 401 n1, 200", "text", "token-1 proof-1|token-2 proof-2|token-2 proof-3-n1")]
    [InlineData("401, 200", "text", "token-1 proof-1|token-2 proof-2")]
    [InlineData("401 n1, 200", "pipe", "token-1 proof-1")]
    [InlineData("400 n1, 200", "text", "token-1 proof-1|token-1 proof-2-n1")]
    public async Task Each_send_has_a_new_proof_and_a_nonce_is_used_in_one_more_send(string responses, string kind, string expected)
    {
        Queue<string[]> script = new(responses.Split(", ").Select(response => response.Split(' ')));
        List<string> seen = [];
        await using ApiClient api = new(new NumberedTokens(new Nonces()), async request =>
        {
            seen.Add($"{request.Headers.Authorization!.Parameter} {string.Join('+', request.Headers.GetValues("Proof"))}");
            string[] next = script.TryDequeue(out string[]? scripted) ? scripted : ["401"];
            HttpResponseMessage response = await ApiClient.Respond(int.Parse(next[0], System.Globalization.CultureInfo.InvariantCulture));
            response.Headers.Add("Nonce", next[1..]);
            return response;
        });
        using HttpRequestMessage request = new(HttpMethod.Post, "/orders")
        {
            Content = kind == "pipe" ? new OneWayContent() : new StringContent("an order"),
        };
        using HttpResponseMessage response = await api.Http.SendAsync(request);
        Assert.Equal(expected, string.Join('|', seen));
        Assert.Empty(request.Headers);
        Assert.Empty(response.RequestMessage!.Headers);
    }

    [Fact]
    [Trait("Req", "R-095")]
    public async Task Send_writes_a_proof_and_keeps_the_nonce_for_the_next_one()
    {
        List<string> seen = [];
        await using ApiClient api = new(new NumberedTokens(new Nonces()), async request =>
        {
            seen.Add(string.Join('+', request.Headers.GetValues("Proof")));
            HttpResponseMessage response = await ApiClient.Respond(200);
            response.Headers.Add("Nonce", "n1");
            return response;
        });
        for (int call = 0; call < 2; call++)
        {
            using HttpRequestMessage request = new(HttpMethod.Get, "/orders");
            using HttpResponseMessage response = api.Http.Send(request);
            Assert.Empty(response.RequestMessage!.Headers);
        }

        Assert.Equal(["proof-1", "proof-2-n1"], seen);
    }

    [Fact]
    [Trait("Req", "R-320")]
    public async Task A_401_with_a_nonce_is_counted_once_if_the_second_send_fails()
    {
        int sends = 0;
        await using ApiClient api = new(new NumberedTokens(new Nonces()), async request =>
        {
            sends++;
            HttpResponseMessage response = await ApiClient.Respond(sends == 3 ? 200 : 401);
            response.Headers.Add("Nonce", "n1");
            if (sends == 2)
            {
                throw new HttpRequestException("down");
            }

            return response;
        });
        using Measurements measured = new(api.Services);
        using HttpResponseMessage response = await api.Http.GetAsync("/orders");
        Assert.Equal(200, (int)response.StatusCode);
        string series = Assert.Single(measured.Series, series => series.Contains("unauthorized_responses", StringComparison.Ordinal));
        Assert.Contains("outcome=renewed", series, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-121")]
    public async Task A_nonce_of_a_redirected_response_is_ignored()
    {
        Nonces binding = new();
        int sends = 0;
        await using ApiClient api = new(new NumberedTokens(binding), async request =>
        {
            sends++;
            (request.RequestUri, request.Headers.Authorization) = (new("https://elsewhere.example.com/"), null);
            HttpResponseMessage response = await ApiClient.Respond(401);
            response.Headers.Add("Nonce", "evil");
            return response;
        });
        using HttpResponseMessage response = await api.Http.GetAsync("/orders");
        Assert.Equal((1, ""), (sends, binding.Nonce));
    }

    private sealed class Nonces : TokenBinding
    {
        private int _number;

        public override string TokenType => "DPoP";

        public override string Thumbprint => "key";

        public override string ProofHeader => "Proof";

        public string Nonce { get; private set; } = "";

        public override async ValueTask WriteApiRequestAsync(
            HttpRequestMessage request,
            string accessToken,
            CancellationToken cancellationToken)
        {
            await ValueTask.CompletedTask;
            request.Headers.Add("Proof", $"proof-{++_number}{Nonce}");
        }

        public override bool ReadApiResponse(HttpRequestMessage request, HttpResponseMessage response, string? errorCode)
        {
            bool isNew = response.Headers.TryGetValues("Nonce", out IEnumerable<string>? nonces);
            Nonce = isNew ? $"-{nonces!.Single()}" : Nonce;
            return isNew && !response.IsSuccessStatusCode;
        }
    }
}
