using System.Net;
using System.Security.Cryptography;
using OAuthClientCredentials.Jwt;
using OAuthClientCredentials.Tests.Api;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.DPoP;

/// <summary>DPoP where a server, a caller or a signer does something unusual.</summary>
public sealed class UnusualTests
{
    private const string Both = "Bearer, DPoP error=\"use_dpop_nonce\"";
    private const string BothLong = "Bearer realm=\"orders\", DPoP algs=\"ES256\", error=\"use_dpop_nonce\"";

    [Theory]
    [Trait("Req", "R-166")]
    [InlineData(Both)]
    [InlineData(BothLong)]
    public async Task Challenges_of_both_schemes_with_a_nonce_are_a_nonce_challenge(string challenge)
    {
        int number = 0;
        await using DPoPClient client = new(api: _ => DPoPClient.Unauthorized(challenge, $"n{++number}"));
        using HttpResponseMessage response = await client.Http.GetAsync("/orders");
        Assert.Equal("sends 2, tokens 1", $"sends {client.ApiProofs.Count}, tokens {client.TokenProofs.Count}");
    }

    [Fact]
    [Trait("Req", "R-167")]
    public async Task Challenge_of_both_schemes_renews_no_token_of_a_stream()
    {
        await using DPoPClient client = new(api: _ => DPoPClient.Unauthorized(Both, "n1"));
        using OneWayContent content = new();
        using HttpResponseMessage response = await client.Http.PostAsync("/orders", content);
        Assert.Equal("sends 1, tokens 1", $"sends {client.ApiProofs.Count}, tokens {client.TokenProofs.Count}");
    }

    [Fact]
    [Trait("Req", "R-167")]
    public async Task Rejected_proof_renews_no_token_if_both_schemes_are_challenged()
    {
        await using DPoPClient client = new(api: _ => DPoPClient.Unauthorized("Bearer, DPoP error=\"invalid_dpop_proof\""));
        using HttpResponseMessage response = await client.Http.GetAsync("/orders");
        Assert.Equal("sends 1, tokens 1", $"sends {client.ApiProofs.Count}, tokens {client.TokenProofs.Count}");
    }

    [Fact]
    [Trait("Req", "R-162")]
    public async Task Proof_names_the_host_of_the_Host_header()
    {
        await using DPoPClient client = new();
        using HttpRequestMessage request = new(HttpMethod.Get, "https://node-7.internal/a");
        request.Headers.Host = "orders.example.com";
        using HttpResponseMessage response = await client.Http.SendAsync(request);
        Assert.Equal("https://orders.example.com/a", Assert.Single(client.ApiProofs)["htu"]);
    }

    [Fact]
    [Trait("Req", "R-164")]
    public async Task Bearer_token_after_a_bound_one_has_no_proof()
    {
        ClientCredentialsOptions options = new();
        options.UseDPoP();
        NumberedTokens tokens = new()
        {
            Current = new("bound-1", DateTimeOffset.MaxValue, "DPoP") { Binding = options.OfferedBinding },
            Renew = (_, _) => new(new AccessToken("bearer-2", DateTimeOffset.MaxValue)),
        };
        List<string> seen = [];
        await using ApiClient api = new(tokens, request =>
        {
            seen.Add($"{request.Headers.Authorization} proof={request.Headers.Contains("DPoP")}");
            return ApiClient.Respond(seen.Count == 1 ? 401 : 200);
        });
        using HttpResponseMessage response = await api.Http.GetAsync("/a");
        Assert.Equal("bound-1|bearer-2", string.Join('|', seen.Select(line => line.Split(' ')[1])));
        Assert.EndsWith("proof=False", seen[1], StringComparison.Ordinal);
        Assert.Empty(response.RequestMessage!.Headers);
    }

    [Fact]
    [Trait("Req", "R-162")]
    public async Task Logical_token_endpoint_is_an_error_at_start()
    {
        await using DPoPClient client = new(options => options.TokenEndpoint = "https+http://id/token");
        Assert.Contains("address of the server itself", Assert.Single(client.Provider.ValidateOnStart()), StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-168")]
    public async Task Plain_http_token_endpoint_is_an_error_at_start()
    {
        await using DPoPClient client = new(
            options => (options.TokenEndpoint, options.AllowInsecureHttp) = ("http://id.internal/token", true));
        Assert.NotEmpty(client.Provider.ValidateOnStart());
    }

    [Fact]
    [Trait("Req", "R-168")]
    public async Task Synchronous_call_names_a_remote_signer()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        await using DPoPClient client = new(configure: options => options.UseDPoP(new RemoteSigner(key)));
        await client.GetTokenAsync();
        using HttpRequestMessage request = new(HttpMethod.Get, "/a");
        Exception? exception = Record.Exception(() => client.Http.Send(request));
        Assert.DoesNotContain("found no cached token", $"{exception?.Message}", StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Req", "R-210")]
    [InlineData("proof")]
    [InlineData("claims")]
    public async Task Proof_that_the_server_repeats_is_not_quoted(string what)
    {
        string secret = "";
        await using DPoPClient client = new(server: proof =>
        {
            secret = what switch
            {
                "proof" => proof.Text,
                _ => proof.Text.Split('.')[1],
            };
            HttpResponseMessage response = Respond.Json(
                HttpStatusCode.BadRequest,
                $$"""{"error":"invalid_dpop_proof","error_description":"bad: {{secret}}"}""");
            return DPoPClient.WithNonce(response, "nonce-value-1");
        });
        TokenRequestException exception = await Assert.ThrowsAsync<TokenRequestException>(client.GetTokenAsync);
        string shown = secret[..Math.Min(secret.Length, 100)];
        Assert.DoesNotContain(shown, $"{exception}{client.Log.Text}", StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-225")]
    public async Task Signer_that_times_out_is_a_TokenRequestException()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        TestSigner good = TestSigner.Create(key);
        int signed = 0;
        TestSigner signer = new("ES256", good.PublicKey, input =>
        {
            if (signed++ > 0)
            {
                throw new TaskCanceledException("vault");
            }

            return key.SignData(input.Span, HashAlgorithmName.SHA256);
        });
        await using DPoPClient client = new(configure: options => options.UseDPoP(signer));
        await Assert.ThrowsAsync<TokenRequestException>(() => client.Http.GetAsync("/"));
    }

    [Fact]
    [Trait("Req", "R-234")]
    public async Task CertificateBoundTokens_with_another_binding_is_an_error_at_start()
    {
        using TemporaryFile file = new("x");
        await using TestProvider provider = new(options =>
        {
            options.CertificateBoundTokens = true;
            options.CertificateFile = file.Path;
            options.AuthenticationMethod = "tls_client_auth";
            options.ClientSecret = null;
            options.UseTokenBinding(new Named());
        });
        Assert.Contains(provider.ValidateOnStart(), failure => failure.Contains("UseTokenBinding", StringComparison.Ordinal));
    }

    private sealed class Named : TokenBinding
    {
        public override string TokenType => "Bearer";

        public override string Thumbprint => "key";
    }

    private sealed class RemoteSigner(ECDsa key) : AssertionSigner
    {
        public override string Algorithm => "ES256";

        public override Microsoft.IdentityModel.Tokens.JsonWebKey? PublicKey => TestSigner.Create(key).PublicKey;

        public override async ValueTask<byte[]> SignAsync(ReadOnlyMemory<byte> signingInput, CancellationToken cancellationToken)
        {
            await Task.Delay(20, cancellationToken);
            return key.SignData(signingInput.Span, HashAlgorithmName.SHA256);
        }
    }
}
