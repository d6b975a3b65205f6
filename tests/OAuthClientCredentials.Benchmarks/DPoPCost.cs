using System.Security.Cryptography;
using System.Text;
using BenchmarkDotNet.Attributes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.Tokens;
using OAuthClientCredentials.Jwt;

namespace OAuthClientCredentials.Benchmarks;

/// <summary>
/// The cost of DPoP for one API request: a call with a bearer token, a call with a proof, the proof alone, and the signature alone.
/// </summary>
[MemoryDiagnoser]
public class DPoPCost
{
    private static readonly Uri Orders = new("https://api.example.com/orders");

    private readonly byte[] _input = new byte[700];
    private readonly ECDsa _ec = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly RSA _rsa = RSA.Create(2048);
    private ServiceProvider _services = null!;
    private HttpClient _bearer = null!;
    private HttpClient _bound = null!;
    private AccessToken _token = null!;

    /// <summary>The algorithm of the key.</summary>
    [Params("ES256", "PS256")]
    public string Algorithm { get; set; } = "";

    [GlobalSetup]
    public async Task SetUp()
    {
        AssertionSigner signer = AssertionSigner.From(new SigningCredentials(CreateKey(), Algorithm));
        ServiceCollection services = new();
        services.AddClientCredentials("bearer", TokenEndpoint.Configure);
        services.AddClientCredentials("bound", options =>
        {
            TokenEndpoint.Configure(options);
            options.TokenEndpoint = "https://id.example.com/dpop";
            options.UseDPoP(signer);
        });
        services.AddHttpClient(TokenClient.HttpClientName).ConfigurePrimaryHttpMessageHandler(() => new BoundTokens());
        foreach (string name in new[] { "bearer", "bound" })
        {
            services.AddHttpClient(name, client => client.BaseAddress = new("https://api.example.com"))
                .ConfigurePrimaryHttpMessageHandler(() => new Inner()).AddClientCredentialsHandler(name).RemoveAllLoggers();
        }

        _services = services.BuildServiceProvider();
        IHttpClientFactory clients = _services.GetRequiredService<IHttpClientFactory>();
        (_bearer, _bound) = (clients.CreateClient("bearer"), clients.CreateClient("bound"));
        await _bearer.GetAsync(Orders);
        _token = await _services.GetRequiredService<TokenProvider>().GetTokenAsync("bound");
    }

    [GlobalCleanup]
    public ValueTask TearDown() => _services.DisposeAsync();

    [Benchmark]
    public Task<HttpResponseMessage> BearerCall() => _bearer.GetAsync(Orders);

    [Benchmark]
    public Task<HttpResponseMessage> DPoPCall() => _bound.GetAsync(Orders);

    [Benchmark]
    public ValueTask<IReadOnlyDictionary<string, string>> Proof() => _token.GetRequestHeadersAsync(HttpMethod.Get, Orders);

    [Benchmark(Baseline = true)]
    public byte[] SignatureAlone()
    {
        if (Algorithm == "ES256")
        {
            return _ec.SignData(_input, HashAlgorithmName.SHA256);
        }

        return _rsa.SignData(_input, HashAlgorithmName.SHA256, RSASignaturePadding.Pss);
    }

    private SecurityKey CreateKey()
    {
        if (Algorithm == "ES256")
        {
            return new ECDsaSecurityKey(_ec);
        }

        return new RsaSecurityKey(_rsa);
    }

    private sealed class BoundTokens : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            string type = request.Headers.Contains("DPoP") ? "DPoP" : "Bearer";
            string json = $$"""{"access_token":"{{TokenEndpoint.Token}}","token_type":"{{type}}","expires_in":3600}""";
            return Task.FromResult(new HttpResponseMessage { Content = new StringContent(json, Encoding.UTF8, "application/json") });
        }
    }

    private sealed class Inner : HttpMessageHandler
    {
        private readonly HttpResponseMessage _response = new();

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult(_response);
    }
}
