using System.Net;
using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Seams;

/// <summary>Each extension point, used as your code would use it.</summary>
public sealed class SeamTests
{
    [Theory]
    [Trait("Req", "R-070")]
    [Trait("Req", "R-168")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_binding_writes_a_proof_into_each_request_and_repeats_it_once_with_a_nonce(bool isSatisfied)
    {
        List<string> proofs = [];
        StubHandler server = new(request =>
        {
            if (isSatisfied && request.Headers.GetValues("Toy-Proof").Single().EndsWith("n1", StringComparison.Ordinal))
            {
                return Respond.Json(HttpStatusCode.OK, """{"access_token":"bound","token_type":"toy","expires_in":3600}""");
            }

            HttpResponseMessage challenge = Respond.Error(HttpStatusCode.BadRequest, "use_toy_nonce");
            challenge.Headers.Add("Toy-Nonce", "n1");
            return challenge;
        });
        await using TestTokenClient client = new(options => options.UseTokenBinding(new ToyBinding(proofs)), handler: server);
        if (!isSatisfied)
        {
            Assert.Equal("use_toy_nonce", (await client.FailAsync()).Error);
            Assert.Equal(2, proofs.Count);
            return;
        }

        AccessToken token = await client.RequestAsync();
        Assert.Equal(("Toy", "toy-key"), (token.TokenType, token.Binding!.Thumbprint));
        Assert.Equal(["proof 1 ", "proof 2 n1"], proofs);
    }

    [Fact]
    [Trait("Req", "R-168")]
    public async Task A_bearer_token_is_refused_where_a_binding_is_configured()
    {
        await using TestTokenClient client = new(options => options.UseTokenBinding(new ToyBinding([])));
        Assert.Contains("the token_type is not Toy", (await client.FailAsync()).Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-330")]
    public async Task Your_own_token_provider_gives_its_tokens_to_the_handler()
    {
        List<string?> sent = [];
        StubHandler api = new(request =>
        {
            sent.Add(request.Headers.Authorization?.ToString());
            return new HttpResponseMessage(sent.Count == 1 ? HttpStatusCode.Unauthorized : HttpStatusCode.OK);
        });
        await using TestProvider provider = TestProvider.WithServices(services =>
        {
            services.AddSingleton<ITokenProvider, StaticTokens>();
            TestProvider.AddClient(services, "");
            services.AddHttpClient("api", client => client.BaseAddress = new("https://api.example.com"))
                .AddClientCredentialsHandler()
                .ConfigurePrimaryHttpMessageHandler(() => api);
        });
        HttpClient client = provider.Services.GetRequiredService<IHttpClientFactory>().CreateClient("api");
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/orders")).StatusCode);
        Assert.Equal(["Bearer static-1", "Bearer static-2"], sent);
    }

    [Fact]
    public async Task Your_own_authentication_can_be_tested_without_a_client()
    {
        ClientContext context = new("orders", "shop");
        AuthorizationServerRequest request = new(new("https://id.example.com/token"), context) { Secret = "secret" };
        await request.ReadClientSecretAsync(CancellationToken.None);
        request.AddParameter("client_id", context.ClientId);
        Assert.Equal(("orders", "secret"), (context.ClientName, request.Secret));
        string message = context.Unusable("it is locked", "ClientSecret").Message;
        Assert.Contains("Client 'orders'", message, StringComparison.Ordinal);
        Assert.Contains("it is locked", message, StringComparison.Ordinal);
        Assert.Contains("ClientCredentials:orders:ClientSecret", message, StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Req", "R-046")]
    [Trait("Req", "R-225")]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("a\r\nX-Evil: 1")]
    [InlineData("é")]
    [InlineData("token", "Bea rer")]
    public void An_access_token_that_no_header_can_carry_is_not_created(string value, string type = "Bearer") =>
        Assert.ThrowsAny<ArgumentException>(() => new AccessToken(value, DateTimeOffset.UnixEpoch, type));

    private sealed class ToyBinding(List<string> proofs) : TokenBinding
    {
        private string _nonce = "";

        public override string TokenType => "Toy";

        public override string Thumbprint => "toy-key";

        public override ValueTask WriteTokenRequestAsync(AuthorizationServerRequest request, CancellationToken cancellationToken)
        {
            proofs.Add($"proof {proofs.Count + 1} {_nonce}");
            request.Headers["Toy-Proof"] = proofs[^1];
            return ValueTask.CompletedTask;
        }

        public override bool ReadTokenResponse(AuthorizationServerRequest request, HttpResponseMessage response, string? errorCode)
        {
            _nonce = response.Headers.TryGetValues("Toy-Nonce", out IEnumerable<string>? nonces) ? nonces.Single() : _nonce;
            return errorCode == "use_toy_nonce";
        }
    }

    private sealed class StaticTokens : ITokenProvider
    {
        private int _number = 1;

        public ValueTask<AccessToken> GetTokenAsync(
            string clientName = "",
            TokenRequest? request = null,
            CancellationToken cancellationToken = default) =>
            new(new AccessToken($"static-{_number}", DateTimeOffset.MaxValue));

        public ValueTask<AccessToken> RenewTokenAsync(
            AccessToken rejected,
            string clientName = "",
            TokenRequest? request = null,
            CancellationToken cancellationToken = default) =>
            new(new AccessToken($"static-{++_number}", DateTimeOffset.MaxValue));

        public void Forget(string clientName)
        {
        }
    }
}
