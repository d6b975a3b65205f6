using System.Net;
using System.Security.Cryptography;
using OAuthClientCredentials.IntegrationTests.Canaries;
using OAuthClientCredentials.IntegrationTests.OidcProvider;

namespace OAuthClientCredentials.IntegrationTests.DPoP;

/// <summary>What the servers reject. Without these tests the table would also pass with servers that check nothing.</summary>
[Collection(nameof(DPoPServers))]
public sealed class ServerCheckTests(DPoPServers servers) : CanaryTests, IDisposable
{
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public void Dispose() => _key.Dispose();

    [OidcProviderTheory]
    [InlineData("nothing", null)]
    [InlineData("replayed", "invalid_dpop_proof")]
    [InlineData("htm", "invalid_dpop_proof")]
    [InlineData("htu", "invalid_dpop_proof")]
    [InlineData("iat", "invalid_dpop_proof")]
    [InlineData("ath", "invalid_dpop_proof")]
    [InlineData("key", "invalid_token")]
    [InlineData("scheme", "invalid_token")]
    public async Task Oidc_provider_rejects_a_proof_with_a_wrong_part(string part, string? error)
    {
        await servers.Oidc.SetNoncesAsync("api", []);
        string token = await servers.RequestTokenAsync(_key);
        Assert.Equal((Status(error), error), await CallAsync(servers.Oidc.Api, token, part));
    }

    /// <summary>This version of mod_oauth2 does not check ath, and always names the scheme Bearer in its challenge.</summary>
    [ApacheTheory]
    [InlineData("nothing", null)]
    [InlineData("replayed", "invalid_token")]
    [InlineData("htm", "invalid_token")]
    [InlineData("htu", "invalid_token")]
    [InlineData("iat", "invalid_token")]
    [InlineData("key", "invalid_token")]
    [InlineData("scheme", "invalid_request")]
    public async Task Apache_rejects_a_proof_with_a_wrong_part(string part, string? error)
    {
        string token = await servers.RequestTokenAsync(_key, DPoPServers.Orders);
        Assert.Equal((Status(error), error), await CallAsync(servers.Apache.Api, token, part));
    }

    [OidcProviderFact]
    public async Task Nonces_of_the_token_endpoint_are_accepted_once_and_only_there()
    {
        await servers.Oidc.SetNoncesAsync("provider", NonceMode.EachTime.Rules);
        await servers.Oidc.SetNoncesAsync("api", NonceMode.Once.Rules);
        (string id, string secret) = await servers.RegisterAsync();
        TestProof proof = new(_key) { Address = servers.Oidc.TokenEndpoint };
        (string error, string? nonce) = await proof.RequestAsync(id, secret);
        Assert.Equal("use_dpop_nonce", error);
        (string token, string? next) = await (proof with { Nonce = nonce, Id = "2" }).RequestAsync(id, secret);
        Assert.Equal("use_dpop_nonce", (await (proof with { Nonce = nonce, Id = "3" }).RequestAsync(id, secret)).Result);
        TestProof call = new(_key) { Address = $"{servers.Oidc.Api}", Token = token, Nonce = next };
        Assert.Equal((HttpStatusCode.Unauthorized, "use_dpop_nonce"), await TestProof.CallAsync(servers.Oidc.Api, token, call.Sign()));
    }

    private static HttpStatusCode Status(string? error) => error is null ? HttpStatusCode.OK : HttpStatusCode.Unauthorized;

    private async Task<(HttpStatusCode Status, string? Error)> CallAsync(Uri api, string token, string wrong)
    {
        using ECDsa other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        TestProof proof = new(_key) { Address = $"{api}", Token = token };
        TestProof changed = wrong switch
        {
            "htm" => proof with { Method = "POST" },
            "htu" => proof with { Address = $"{api}/other" },
            "iat" => proof with { Age = TimeSpan.FromHours(1) },
            "ath" => proof with { Token = "another" },
            "key" => proof with { Key = other },
            _ => proof,
        };
        string signed = changed.Sign();
        if (wrong == "replayed")
        {
            Assert.Equal((HttpStatusCode.OK, null), await TestProof.CallAsync(api, token, signed));
        }

        return await TestProof.CallAsync(api, token, signed, wrong == "scheme" ? "Bearer" : "DPoP");
    }
}
