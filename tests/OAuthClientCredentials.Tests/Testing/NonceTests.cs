using OAuthClientCredentials.Testing;

namespace OAuthClientCredentials.Tests.Testing;

/// <summary>The nonces of the test server and of the test API.</summary>
public sealed class NonceTests : IDisposable
{
    private readonly TestTimeProvider _time = new();
    private readonly TestAuthorizationServer _server;
    private readonly TestApi _api;
    private readonly DPoPClient _client;

    public NonceTests()
    {
        _server = new(_time);
        _api = _server.CreateApi();
        _client = new(_server, _server.CreateHandler(), _api);
    }

    public void Dispose()
    {
        _client.Dispose();
        _api.Dispose();
    }

    // 20 token requests and 20 API requests, 30 seconds apart, by a client that takes nonces from every response, only from rejections, or
    // from none. The number of rejections at each end.
    [Theory]
    [Trait("Req", "R-331")]
    [InlineData(TestNonceMode.None, "none", 0)]
    [InlineData(TestNonceMode.Fixed, "none", 20)]
    [InlineData(TestNonceMode.Fixed, "rejections", 1)]
    [InlineData(TestNonceMode.Fixed, "all", 1)]
    [InlineData(TestNonceMode.Rotating, "none", 20)]
    [InlineData(TestNonceMode.Rotating, "rejections", 5)]
    [InlineData(TestNonceMode.Rotating, "all", 1)]
    [InlineData(TestNonceMode.SingleUse, "none", 20)]
    [InlineData(TestNonceMode.SingleUse, "rejections", 10)]
    [InlineData(TestNonceMode.SingleUse, "all", 1)]
    public async Task Each_mode_rejects_as_many_requests_as_it_says(TestNonceMode mode, string takes, int rejections)
    {
        // The token has a client of its own, which takes every nonce.
        _server.RequireDPoP(mode);
        using DPoPClient other = new(_server, _server.CreateHandler(), _api) { Key = _client.Key };
        await other.RequestTokenAsync();
        (_, string token) = await other.RequestTokenAsync();
        int rejectedByServer = 0;
        for (int request = 0; request < 20; request++)
        {
            string? tokenNonce = _client.TokenNonce;
            string? apiNonce = _client.ApiNonce;
            bool isRejectedByServer = (await _client.RequestTokenAsync()).Type == "use_dpop_nonce";
            bool isRejectedByApi = (await _client.CallAsync(token)).Length > 0;
            rejectedByServer += isRejectedByServer ? 1 : 0;
            _client.TokenNonce = Takes(takes, isRejectedByServer) ? _client.TokenNonce : tokenNonce;
            _client.ApiNonce = Takes(takes, isRejectedByApi) ? _client.ApiNonce : apiNonce;
            _time.Advance(TimeSpan.FromSeconds(30));
        }

        Assert.Equal((rejections, rejections), (rejectedByServer, _api.Unauthorized));
        Assert.All(_api.Rejections, rejection => Assert.StartsWith("use_dpop_nonce: ", rejection, StringComparison.Ordinal));
    }

    [Theory]
    [Trait("Req", "R-331")]
    [InlineData(TestNonceMode.Fixed)]
    [InlineData(TestNonceMode.Rotating)]
    [InlineData(TestNonceMode.SingleUse)]
    public async Task Server_and_each_API_have_nonces_of_their_own(TestNonceMode mode)
    {
        _server.RequireDPoP(mode);
        await _client.RequestTokenAsync();
        (_, string token) = await _client.RequestTokenAsync();
        _client.ApiNonce = _client.TokenNonce;
        string challenge = await _client.CallAsync(token);
        Assert.StartsWith("DPoP error=\"use_dpop_nonce\", error_description=\"The nonce is unknown", challenge, StringComparison.Ordinal);
        Assert.Equal("", await _client.CallAsync(token));
        using TestApi second = _server.CreateApi();
        using DPoPClient client = new(_server, _server.CreateHandler(), second) { Key = _client.Key, ApiNonce = _client.ApiNonce };
        Assert.Contains("use_dpop_nonce", await client.CallAsync(token), StringComparison.Ordinal);
        Assert.Equal("", await client.CallAsync(token));
    }

    [Fact]
    [Trait("Req", "R-331")]
    public async Task A_rotated_nonce_is_valid_for_two_minutes()
    {
        _server.RequireDPoP(TestNonceMode.Rotating);
        await _client.RequestTokenAsync();
        string first = _client.TokenNonce!;
        _time.Advance(TimeSpan.FromSeconds(119));
        Assert.Equal("DPoP", (await _client.RequestTokenAsync()).Type);
        Assert.NotEqual(first, _client.TokenNonce);
        _time.Advance(TimeSpan.FromSeconds(1));
        _client.TokenNonce = first;
        Assert.Equal("use_dpop_nonce", (await _client.RequestTokenAsync()).Type);
        Assert.Equal("DPoP", (await _client.RequestTokenAsync()).Type);
    }

    [Fact]
    [Trait("Req", "R-331")]
    public async Task Requests_at_once_with_nonces_for_single_use_each_succeed_at_the_second_attempt()
    {
        _server.RequireDPoP(TestNonceMode.SingleUse);
        (string Type, string Value)[] results = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Task.Run(RequestTwiceAsync)));
        Assert.All(results, result => Assert.Equal("DPoP", result.Type));
        Assert.Equal(50, _server.Requests.Count(request => request.DPoPError is not null));

        async Task<(string Type, string Value)> RequestTwiceAsync()
        {
            using DPoPClient client = new(_server, _server.CreateHandler(), _api);
            Assert.Equal("use_dpop_nonce", (await client.RequestTokenAsync()).Type);
            return await client.RequestTokenAsync();
        }
    }

    [Theory]
    [Trait("Req", "R-331")]
    [InlineData(TestNonceMode.None, "n-1")]
    [InlineData(TestNonceMode.None, null)]
    [InlineData(TestNonceMode.Fixed, "n-1")]
    [InlineData(TestNonceMode.Rotating, "n-1")]
    [InlineData(TestNonceMode.SingleUse, "n-1")]
    [InlineData(TestNonceMode.SingleUse, null)]
    public async Task Nonce_of_a_scripted_rejection_is_required_from_then_on(TestNonceMode mode, string? nonce)
    {
        _server.RequireDPoP(mode);
        _server.Next(TestResponse.NonceChallenge(nonce));
        Assert.Equal("use_dpop_nonce", (await _client.RequestTokenAsync()).Type);
        string given = _client.TokenNonce!;
        Assert.Equal(nonce ?? given, given);
        _client.TokenNonce = "another";
        Assert.Equal("use_dpop_nonce", (await _client.RequestTokenAsync()).Type);
        _client.TokenNonce = given;
        Assert.Equal("DPoP", (await _client.RequestTokenAsync()).Type);
    }

    [Fact]
    [Trait("Req", "R-331")]
    public async Task Server_that_always_rejects_gives_a_new_nonce_each_time()
    {
        _server.Always(TestResponse.NonceChallenge());
        HashSet<string> nonces = [];
        for (int request = 0; request < 3; request++)
        {
            Assert.Equal("use_dpop_nonce", (await _client.RequestTokenAsync()).Type);
            Assert.True(nonces.Add(_client.TokenNonce!));
        }
    }

    [Theory]
    [Trait("Req", "R-331")]
    [InlineData(TestNonceMode.Fixed, false)]
    [InlineData(TestNonceMode.Rotating, true)]
    [InlineData(TestNonceMode.SingleUse, true)]
    public async Task Scripted_errors_contain_a_nonce_if_each_response_does(TestNonceMode mode, bool hasNonce)
    {
        _server.RequireDPoP(mode);
        _server.Always(TestResponse.Error("invalid_target"));
        Assert.Equal("invalid_target", (await _client.RequestTokenAsync()).Type);
        Assert.Equal(hasNonce, _client.TokenNonce is not null);
    }

    private static bool Takes(string takes, bool isRejection) => takes == "all" || (takes == "rejections" && isRejection);
}
