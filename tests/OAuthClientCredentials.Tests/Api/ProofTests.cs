namespace OAuthClientCredentials.Tests.Api;

/// <summary>Tokens that are bound to a key: each send has a proof of its own, and the API may ask for another one.</summary>
public sealed class ProofTests
{
    // What the API responds, the nonces that it sends along, and the proofs that it then gets.
    public static TheoryData<string, string, string> Conversations => new()
    {
        { "200", "POST", "token-1 proof-1" },
        { "200 n1", "POST", "token-1 proof-1" },
        { "401 n1, 200", "POST", "token-1 proof-1|token-1 proof-2-n1" },
        { "401 n1, 401 n2", "POST", "token-1 proof-1|token-1 proof-2-n1|token-2 proof-3-n2" },
        { "401 n1, 401, 200", "POST", "token-1 proof-1|token-1 proof-2-n1|token-2 proof-3-n1" },
        { "401, 401 n1, 200", "POST", "token-1 proof-1|token-2 proof-2|token-2 proof-3-n1" },
        { "401, 200", "POST", "token-1 proof-1|token-2 proof-2" },
        { "401 n1, 200", "pipe", "token-1 proof-1" },
        { "400 n1, 200", "POST", "token-1 proof-1|token-1 proof-2-n1" },
    };

    [Theory]
    [Trait("Req", "R-120")]
    [Trait("Req", "R-371")]
    [MemberData(nameof(Conversations))]
    public async Task Each_send_has_a_new_proof_and_a_nonce_is_answered_once(string responses, string kind, string expected)
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
            Content = kind == "pipe" ? new OnceOnly() : new StringContent("an order"),
        };
        using HttpResponseMessage response = await api.Http.SendAsync(request);
        Assert.Equal(expected, string.Join('|', seen));
        Assert.Empty(request.Headers);
        Assert.Empty(response.RequestMessage!.Headers);
    }

    [Fact]
    [Trait("Req", "R-095")]
    public async Task A_synchronous_send_has_a_proof_too_and_its_nonce_serves_the_next()
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
    [Trait("Req", "R-121")]
    public async Task A_redirected_response_brings_no_nonce()
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

        public string Nonce { get; private set; } = "";

        public override async ValueTask WriteApiRequestAsync(
            HttpRequestMessage request,
            string accessToken,
            CancellationToken cancellationToken)
        {
            await ValueTask.CompletedTask;
            request.Headers.Add("Proof", $"proof-{++_number}{Nonce}");
        }

        public override bool ReadApiResponse(HttpRequestMessage request, HttpResponseMessage response)
        {
            bool isNew = response.Headers.TryGetValues("Nonce", out IEnumerable<string>? nonces);
            Nonce = isNew ? $"-{nonces!.Single()}" : Nonce;
            return isNew && !response.IsSuccessStatusCode;
        }
    }

    private sealed class OnceOnly : HttpContent
    {
        protected override Task SerializeToStreamAsync(Stream stream, System.Net.TransportContext? context) => Task.CompletedTask;

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
