using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.Tokens;
using OAuthClientCredentials.Tests.Infrastructure;
using OAuthClientCredentials.Tests.Jwt;

namespace OAuthClientCredentials.Tests.Clients;

/// <summary>A client with RequireFapi2 and a private key, from its metadata to the API. The server demands a nonce.</summary>
public sealed class Fapi2FlowTests : IAsyncDisposable
{
    private const string Issuer = "https://bank.example.com";
    private const string Discovery = Issuer + "/.well-known/oauth-authorization-server";

    private readonly List<(string Form, DecodedAssertion Proof)> _tokenRequests = [];
    private readonly List<(string Authorization, string Proof)> _calls = [];
    private readonly StubHandler _server;
    private readonly StubHandler _api;
    private readonly TestProvider _provider;
    private string _tokenEndpoint = Issuer + "/token";
    private string _tokenType = "DPoP";

    public Fapi2FlowTests()
    {
        _server = new((request, _) => RespondAsync(request));
        _api = new(request =>
        {
            _calls.Add((request.Headers.Authorization!.ToString(), Assert.Single(request.Headers.GetValues("DPoP"))));
            return new HttpResponseMessage(HttpStatusCode.OK);
        });
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        _provider = TestProvider.FromConfiguration(
            [
                ("orders:Authority", Issuer),
                ("orders:ClientId", "shop"),
                ("orders:PrivateKey", key.ExportPkcs8PrivateKeyPem()),
                ("orders:RequireFapi2", "true"),
                ("orders:MaxRetries", "0"),
            ],
            services =>
            {
                services.AddClientCredentials().AddJwtAuthentication();
                services.AddHttpClient("orders", client => client.BaseAddress = new("https://orders.example.com"))
                    .AddClientCredentialsHandler("orders")
                    .ConfigurePrimaryHttpMessageHandler(() => _api);
                services.AddHttpClient("local", client => client.BaseAddress = new("http://localhost"))
                    .AddClientCredentialsHandler("orders")
                    .ConfigurePrimaryHttpMessageHandler(() => _api);
            },
            handler: _server);
    }

    public async ValueTask DisposeAsync()
    {
        await _provider.DisposeAsync();
        _server.Dispose();
        _api.Dispose();
    }

    [Fact]
    [Trait("Req", "R-235")]
    public async Task Fapi2_signs_for_the_issuer_and_sends_a_bound_token_with_its_proof()
    {
        (await Client("orders").GetAsync(new Uri("/accounts", UriKind.Relative))).Dispose();
        Assert.Equal(2, _tokenRequests.Count);
        (string form, DecodedAssertion proof) = _tokenRequests[^1];
        DecodedAssertion assertion = new(Uri.UnescapeDataString(form.Split("client_assertion=")[1]));
        Assert.Equal(("ES256", "ES256"), (assertion.Header.GetProperty("alg").GetString(), proof.Header.GetProperty("alg").GetString()));
        Assert.Equal(JsonValueKind.String, assertion.Claims.GetProperty("aud").ValueKind);
        Assert.Equal(Issuer, assertion.Claims.GetProperty("aud").GetString());
        Assert.Equal("n1", proof.Claims.GetProperty("nonce").GetString());
        (string authorization, string callHeader) = Assert.Single(_calls);
        Assert.Equal("DPoP abc", authorization);
        DecodedAssertion callProof = new(callHeader);
        string hash = Base64UrlEncoder.Encode(SHA256.HashData("abc"u8));
        Assert.Equal(hash, callProof.Claims.GetProperty("ath").GetString());
    }

    [Fact]
    [Trait("Req", "R-235")]
    public async Task Fapi2_refuses_a_token_that_is_not_bound()
    {
        _tokenType = "Bearer";
        await _provider.FailAsync("orders");
        Assert.Empty(_calls);
    }

    [Fact]
    [Trait("Req", "R-235")]
    public async Task Fapi2_refuses_an_http_endpoint_in_the_metadata_also_on_loopback()
    {
        _tokenEndpoint = "http://bank.example.com/token";
        TokenRequestException failure = await _provider.FailAsync("orders");
        Assert.Contains("token_endpoint must be https, also for loopback (RequireFapi2", failure.Message, StringComparison.Ordinal);
        Assert.Empty(_tokenRequests);
    }

    [Fact]
    [Trait("Req", "R-235")]
    public async Task Fapi2_sends_no_token_over_http_also_on_loopback()
    {
        OriginNotAllowedException refused = await Assert.ThrowsAsync<OriginNotAllowedException>(
            () => Client("local").GetAsync(new Uri("/accounts", UriKind.Relative)));
        Assert.Contains("is not https. Use https, also for loopback (RequireFapi2", refused.Message, StringComparison.Ordinal);
        Assert.Empty(_calls);
    }

    private HttpClient Client(string name) => _provider.Services.GetRequiredService<IHttpClientFactory>().CreateClient(name);

    private async Task<HttpResponseMessage> RespondAsync(HttpRequestMessage request)
    {
        if (request.Method == HttpMethod.Get)
        {
            Assert.Equal(Discovery, request.RequestUri!.AbsoluteUri);
            return Respond.Json(HttpStatusCode.OK, $$"""{"issuer":"{{Issuer}}","token_endpoint":"{{_tokenEndpoint}}"}""");
        }

        DecodedAssertion proof = new(Assert.Single(request.Headers.GetValues("DPoP")));
        _tokenRequests.Add((await request.Content!.ReadAsStringAsync(), proof));
        if (proof.Claims.TryGetProperty("nonce", out _))
        {
            string token = $$"""{"access_token":"abc","token_type":"{{_tokenType}}","expires_in":3600}""";
            return Respond.Json(HttpStatusCode.OK, token);
        }

        HttpResponseMessage challenge = Respond.Json(HttpStatusCode.BadRequest, """{"error":"use_dpop_nonce"}""");
        challenge.Headers.Add("DPoP-Nonce", "n1");
        return challenge;
    }
}
