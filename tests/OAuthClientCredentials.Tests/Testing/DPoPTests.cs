using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Testing;

/// <summary>The test server and the test API check DPoP proofs as real ones do.</summary>
public sealed class DPoPTests : IDisposable
{
    private readonly TestTimeProvider _time = new();
    private readonly TestAuthorizationServer _server;
    private readonly TestApi _api;
    private readonly DPoPClient _client;

    public DPoPTests()
    {
        _server = new(_time);
        _api = _server.CreateApi();
        _client = new(_server, _server.CreateHandler(), _api);
    }

    public static TheoryData<string> WrongAtServer => [.. WrongProofs.Names];

    public static TheoryData<string> WrongAtApi => [.. WrongProofs.NamesForApi];

    public void Dispose()
    {
        _client.Dispose();
        _api.Dispose();
    }

    [Theory]
    [Trait("Req", "R-331")]
    [InlineData("ES256")]
    [InlineData("ES384")]
    [InlineData("ES512")]
    [InlineData("PS256")]
    [InlineData("RS256")]
    public async Task Proof_of_each_algorithm_is_accepted_by_server_and_API(string algorithm)
    {
        _server.RequireDPoP();
        _client.Key = new(algorithm);
        (string type, string token) = await _client.RequestTokenAsync();
        Assert.Equal(("DPoP", "token-1"), (type, token));
        Assert.Equal("", await _client.CallAsync(token));
        Assert.Equal("", await _client.CallAsync(token));
        Assert.Equal((2, 0), (_api.Calls, _api.Unauthorized));
        Assert.Null(Assert.Single(_server.Requests).DPoPError);
    }

    [Theory]
    [Trait("Req", "R-331")]
    [MemberData(nameof(WrongAtServer))]
    public async Task Server_rejects_a_proof_that_is_wrong_in_one_thing(string name)
    {
        _server.RequireDPoP();
        (string word, Func<ProofParts, string?[]> make) = WrongProofs.Get(name, _client.Key);
        (string error, string reason) = await _client.RequestTokenAsync(make);
        Assert.Equal("invalid_dpop_proof", error);
        Assert.Contains(word, reason, StringComparison.Ordinal);
        Assert.Equal($"{error}: {reason}", Assert.Single(_server.Requests).DPoPError);
        Assert.Equal("DPoP", (await _client.RequestTokenAsync()).Type);
    }

    [Theory]
    [Trait("Req", "R-331")]
    [MemberData(nameof(WrongAtApi))]
    public async Task API_rejects_a_proof_that_is_wrong_in_one_thing(string name)
    {
        (_, string token) = await _client.RequestTokenAsync();
        (string word, Func<ProofParts, string?[]> make) = WrongProofs.Get(name, _client.Key);
        string challenge = await _client.CallAsync(token, make);
        Assert.StartsWith("DPoP error=\"invalid_dpop_proof\", error_description=\"", challenge, StringComparison.Ordinal);
        Assert.EndsWith("\", algs=\"ES256 ES384 ES512 PS256 RS256\"", challenge, StringComparison.Ordinal);
        string rejection = Assert.Single(_api.Rejections);
        Assert.StartsWith("invalid_dpop_proof: ", rejection, StringComparison.Ordinal);
        Assert.Contains(word, rejection, StringComparison.Ordinal);
        Assert.Contains(rejection["invalid_dpop_proof: ".Length..], challenge, StringComparison.Ordinal);
        Assert.Equal("", await _client.CallAsync(token));
    }

    [Theory]
    [Trait("Req", "R-331")]
    [InlineData(-60, "HTTPS://Orders.Example.com:443/a%2Fb/c%20d")]
    [InlineData(60, "https://orders.example.com/a%2Fb/c%20d")]
    public async Task API_accepts_a_clock_60_seconds_off_and_an_equivalent_URL(int seconds, string address)
    {
        (_, string token) = await _client.RequestTokenAsync();
        Assert.Equal("", await _client.CallAsync(token, parts =>
        {
            parts.Claims["htu"] = address;
            parts.Claims["iat"] = _time.GetUtcNow().ToUnixTimeSeconds() + seconds;
            return [_client.Key.Create(parts)];
        }));
    }

    [Fact]
    [Trait("Req", "R-331")]
    public async Task A_replayed_proof_is_rejected_by_server_and_API()
    {
        string? proof = null;
        Assert.Equal("DPoP", (await _client.RequestTokenAsync(Record)).Type);
        Assert.Equal(("invalid_dpop_proof", "jti was used before."), await _client.RequestTokenAsync(_ => [proof]));
        (_, string token) = await _client.RequestTokenAsync();
        Assert.Equal("", await _client.CallAsync(token, Record));
        Assert.Contains("jti was used before", await _client.CallAsync(token, _ => [proof]), StringComparison.Ordinal);
        Assert.Equal(["invalid_dpop_proof: jti was used before."], _api.Rejections);

        string?[] Record(ProofParts parts) => [proof = _client.Key.Create(parts)];
    }

    [Fact]
    [Trait("Req", "R-331")]
    public async Task A_bound_token_is_accepted_only_as_DPoP_and_with_its_key()
    {
        (_, string token) = await _client.RequestTokenAsync();
        string asBearer = await _client.CallAsync(token, scheme: "Bearer");
        Assert.StartsWith("DPoP error=\"invalid_token\", error_description=\"The token is bound to", asBearer, StringComparison.Ordinal);
        TestProof key = _client.Key;
        _client.Key = new();
        string withOtherKey = await _client.CallAsync(token);
        Assert.StartsWith("DPoP error=\"invalid_token\", error_description=\"The token is not", withOtherKey, StringComparison.Ordinal);
        _client.Key = key;
        Assert.Equal("", await _client.CallAsync(token));
        _server.RevokeTokens();
        Assert.StartsWith("DPoP error=\"invalid_token\"", await _client.CallAsync(token), StringComparison.Ordinal);
        Assert.All(_api.Rejections, rejection => Assert.StartsWith("invalid_token: The ", rejection, StringComparison.Ordinal));
        Assert.Equal((4, 3, 3), (_api.Calls, _api.Unauthorized, _api.Rejections.Distinct().Count()));
    }

    [Fact]
    [Trait("Req", "R-331")]
    public async Task Bearer_tokens_are_issued_and_accepted_until_DPoP_is_required()
    {
        (string type, string token) = await _client.RequestTokenAsync(_ => []);
        Assert.Equal("Bearer", type);
        Assert.Equal("", await _client.CallAsync(token, _ => [], "Bearer"));
        Assert.StartsWith("DPoP error=\"invalid_token\"", await _client.CallAsync(token), StringComparison.Ordinal);
        _server.RequireDPoP();
        string challenge = await _client.CallAsync(token, _ => [], "Bearer");
        Assert.StartsWith("DPoP error=\"invalid_token\"", challenge, StringComparison.Ordinal);
        Assert.Equal("invalid_dpop_proof", (await _client.RequestTokenAsync(_ => [])).Type);
    }

    [Fact]
    [Trait("Req", "R-331")]
    public async Task SameToken_is_returned_only_to_the_key_that_it_is_bound_to()
    {
        _server.Always(TestResponse.SameToken());
        Assert.Equal(("DPoP", "token-1"), await _client.RequestTokenAsync());
        Assert.Equal(("DPoP", "token-1"), await _client.RequestTokenAsync());
        _client.Key = new();
        Assert.Equal(("DPoP", "token-2"), await _client.RequestTokenAsync());
        Assert.Equal(("Bearer", "token-3"), await _client.RequestTokenAsync(_ => []));
    }

    [Fact]
    [Trait("Req", "R-331")]
    public async Task Credential_is_checked_before_the_proof()
    {
        _server.RequireDPoP();
        _server.AddClient("shop", "secret");
        Assert.Equal("invalid_client", (await _client.RequestTokenAsync(_ => [])).Type);
    }

    [Fact]
    [Trait("Req", "R-331")]
    public async Task Verify_shows_the_error_of_a_proof_and_no_proof()
    {
        _server.RequireDPoP(TestNonceMode.Fixed);
        string? proof = null;
        await _client.RequestTokenAsync(parts => [proof = _client.Key.Create(parts)]);
        string message = Assert.Throws<TestAssertionException>(() => _server.Verify(2)).Message;
        const string Line = "none grant_type=client_credentials -> 400 use_dpop_nonce: The proof has no nonce.";
        Assert.EndsWith(Line, message, StringComparison.Ordinal);
        Assert.All(proof!.Split('.'), part => Assert.DoesNotContain(part, message, StringComparison.Ordinal));
        Assert.DoesNotContain(_client.TokenNonce!, message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-331")]
    public async Task Metadata_lists_the_algorithms_of_proofs()
    {
        using HttpClient client = new(_server.CreateHandler());
        string metadata = await client.GetStringAsync("https://id.example.com/.well-known/oauth-authorization-server");
        const string Expected = "\"dpop_signing_alg_values_supported\":[\"ES256\",\"ES384\",\"ES512\",\"PS256\",\"RS256\"]";
        Assert.Contains(Expected, metadata, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-331")]
    public async Task Application_that_sends_no_proof_gets_the_reason_as_its_error()
    {
        _server.RequireDPoP();
        await using TestProvider provider = new(server: _server);
        TokenRequestException exception = await provider.FailAsync();
        Assert.Equal("invalid_dpop_proof", exception.Error);
        Assert.Matches(new Regex("The request has no DPoP header"), exception.Message);
    }

    [Theory]
    [Trait("Req", "R-331")]
    [InlineData(TestNonceMode.None, 1, 2)]
    [InlineData(TestNonceMode.Fixed, 2, 3)]
    [InlineData(TestNonceMode.SingleUse, 2, 3)]
    public async Task Application_with_a_binding_gets_tokens_and_calls_the_API(TestNonceMode mode, int tokenRequests, int calls)
    {
        _server.RequireDPoP(mode);
        await using TestProvider provider = TestProvider.WithServices(
            services =>
            {
                TestProvider.AddClient(services, "shop", options => options.UseTokenBinding(new HandMadeBinding(_time)));
                services.AddHttpClient("orders", client => client.BaseAddress = new("https://orders.example.com"))
                    .AddClientCredentialsHandler("shop");
                services.UseTestApi("orders", _api);
            },
            _server);
        HttpClient orders = provider.Services.GetRequiredService<IHttpClientFactory>().CreateClient("orders");
        await orders.GetStringAsync("/");
        await orders.GetStringAsync("/");
        _server.Verify(tokenRequests);
        Assert.Equal((calls, calls - 2), (_api.Calls, _api.Unauthorized));
    }

    [Fact]
    [Trait("Req", "R-331")]
    public async Task Server_and_API_on_a_port_check_proofs_too()
    {
        await using TestAuthorizationServer server = new(_time);
        server.RequireDPoP(TestNonceMode.SingleUse);
        using TestApi api = server.CreateApi();
        using SocketsHttpHandler network = new();
        using DPoPClient client = new(server, network, network)
        {
            TokenAddress = new Uri(server.Listen(), "token").ToString(),
            Address = new Uri(api.Listen(), "a%2Fb/c%20d").AbsoluteUri,
        };
        Assert.Equal("use_dpop_nonce", (await client.RequestTokenAsync()).Type);
        (string type, string token) = await client.RequestTokenAsync();
        Assert.Equal("DPoP", type);
        Assert.StartsWith("DPoP error=\"use_dpop_nonce\"", await client.CallAsync(token), StringComparison.Ordinal);
        Assert.Equal("", await client.CallAsync(token));
        Assert.StartsWith(
            "DPoP error=\"invalid_dpop_proof\"",
            await client.CallAsync(token, parts => [client.Key.Create(parts), client.Key.Create(parts)]),
            StringComparison.Ordinal);
    }
}
