using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials.Tests.Shared;

/// <summary>A token endpoint and an API that demand DPoP proofs with their nonce, and a client of them from configuration.</summary>
internal sealed class DPoPTokens : IDisposable
{
    private const string Nonce = "nonce-1";
    private const string Headers = $"DPoP-Nonce: {Nonce}\r\nWWW-Authenticate: DPoP error=\"use_dpop_nonce\"\r\n";

    private readonly LoopbackServer _server;
    private readonly HashSet<string> _seen = [];
    private string? _boundKey;
    private int _challenges;

    private DPoPTokens() => _server = new(Respond, headers: Headers);

    public static async Task RunAsync(Action<string, bool> check)
    {
        using DPoPTokens server = new();
        IConfiguration configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["ClientCredentials:proven:TokenEndpoint"] = $"{server._server.Address}token",
            ["ClientCredentials:proven:ClientId"] = "shop",
            ["ClientCredentials:proven:ClientSecret"] = "right",
            ["ClientCredentials:proven:DPoPBoundAccessTokens"] = "true",
        }).Build();
        ServiceCollection services = new();
        services.AddSingleton(configuration);
        services.AddClientCredentials().AddJwtAuthentication();
        services.AddHttpClient("proven", client => client.BaseAddress = server._server.Address).AddClientCredentialsHandler("proven");
        await using ServiceProvider provider = services.BuildServiceProvider();
        HttpClient client = provider.GetRequiredService<IHttpClientFactory>().CreateClient("proven");

        check("a DPoP proof has the nonce of each challenge", await CallAsync(client) && server._challenges == 2);
        check("the next request has a new proof and no challenge", await CallAsync(client) && server._challenges == 2);
    }

    public void Dispose() => _server.Dispose();

    private static async Task<bool> CallAsync(HttpClient client)
    {
        using HttpResponseMessage response = await client.GetAsync("/orders/a%2Fb?page=2");
        return response.IsSuccessStatusCode;
    }

    private string? Respond(LoopbackRequest request)
    {
        string[] line = request.Head.Split(' ', 3);
        string[] proof = LoopbackRequest.Header(request.Head, "DPoP").Split('.');
        if (proof.Length != 3)
        {
            return null;
        }

        using JsonDocument header = JsonDocument.Parse(AssertionValidator.Decode(proof[0]));
        using JsonDocument claims = JsonDocument.Parse(AssertionValidator.Decode(proof[1]));
        JsonElement jwk = header.RootElement.GetProperty("jwk");
        Uri target = new(_server.Address, line[1]);
        bool isValid = AssertionValidator.Text(header, "typ") == "dpop+jwt"
            && AssertionValidator.Text(claims, "htm") == line[0]
            && AssertionValidator.Text(claims, "htu") == target.GetLeftPart(UriPartial.Path)
            && _seen.Add(AssertionValidator.Text(claims, "jti"))
            && IsSigned(proof, jwk);
        if (!isValid)
        {
            return null;
        }

        if (!claims.RootElement.TryGetProperty("nonce", out JsonElement nonce) || nonce.GetString() != Nonce)
        {
            _challenges++;
            return """{"error":"use_dpop_nonce"}""";
        }

        return request.IsTokenRequest ? Issue(jwk) : Call(request, claims, jwk);
    }

    private string Issue(JsonElement jwk)
    {
        _boundKey = jwk.GetRawText();
        return """{"access_token":"bound","token_type":"DPoP","expires_in":3600}""";
    }

    private string? Call(LoopbackRequest request, JsonDocument claims, JsonElement jwk)
    {
        byte[] hash = SHA256.HashData("bound"u8);
        bool isBound = request.Authorization == "DPoP bound"
            && jwk.GetRawText() == _boundKey
            && AssertionValidator.Decode(AssertionValidator.Text(claims, "ath")).AsSpan().SequenceEqual(hash);
        return isBound ? "{}" : null;
    }

    private static bool IsSigned(string[] proof, JsonElement jwk)
    {
        using ECDsa key = ECDsa.Create(new ECParameters
        {
            Curve = ECCurve.NamedCurves.nistP256,
            Q = new() { X = Coordinate("x"), Y = Coordinate("y") },
        });
        byte[] signed = Encoding.ASCII.GetBytes($"{proof[0]}.{proof[1]}");
        return key.VerifyData(signed, AssertionValidator.Decode(proof[2]), HashAlgorithmName.SHA256);

        byte[] Coordinate(string name) => AssertionValidator.Decode(jwk.GetProperty(name).GetString()!);
    }
}
