using System.Net;

namespace OAuthClientCredentials.Tests.DPoP;

/// <summary>A client with DPoP from option to API request.</summary>
public sealed class FlowTests
{
    [Fact]
    [Trait("Req", "R-160")]
    [Trait("Req", "R-163")]
    [Trait("Req", "R-164")]
    public async Task Token_requests_and_api_requests_have_proofs_of_one_key_from_configuration()
    {
        await using DPoPClient client = new();
        using HttpRequestMessage request = new(HttpMethod.Post, "/orders/a%2Fb?query=1") { Content = new StringContent("an order") };
        using HttpResponseMessage response = await client.Http.SendAsync(request);
        using HttpResponseMessage second = await client.Http.GetAsync("/orders");

        DecodedProof token = Assert.Single(client.TokenProofs);
        Assert.Equal(("POST", "https://id.example.com/token", null, null), (token["htm"], token["htu"], token["ath"], token["nonce"]));
        Assert.Equal(["DPoP token-1", "DPoP token-1"], client.Authorizations);
        DecodedProof call = client.ApiProofs[0];
        Assert.Equal(("POST", "https://api.example.com/orders/a%2Fb"), (call["htm"], call["htu"]));
        Assert.Equal(DecodedProof.HashOf("token-1"), call["ath"]);
        DecodedProof[] all = [token, .. client.ApiProofs];
        string now = $"{client.Provider.Time.GetUtcNow().ToUnixTimeSeconds()}";
        Assert.All(all, proof =>
        {
            Assert.True(proof.IsSigned());
            Assert.Equal(("dpop+jwt", "ES256"), (proof.Header.GetProperty("typ").GetString(), proof.Header.GetProperty("alg").GetString()));
            Assert.Equal(token.HeaderText, proof.HeaderText);
            Assert.Equal(now, proof["iat"]);
        });
        Assert.Equal(3, all.DistinctBy(proof => proof["jti"]).Count());
        Assert.Equal(token.Thumbprint, (await client.GetTokenAsync()).Binding!.Thumbprint);
        Assert.Empty(response.RequestMessage!.Headers);
    }

    [Fact]
    [Trait("Req", "R-165")]
    [Trait("Req", "R-166")]
    public async Task Nonces_of_both_ends_are_used_and_kept_apart()
    {
        await using DPoPClient client = new(
            server: proof => proof["nonce"] is null ? DPoPClient.Challenge("as-1") : DPoPClient.Token("token-1"),
            api: request =>
            {
                if (new DecodedProof(request)["nonce"] is null)
                {
                    return DPoPClient.Unauthorized("DPoP error=\"use_dpop_nonce\"", "rs-1");
                }

                return DPoPClient.WithNonce(new(HttpStatusCode.OK), "rs-2");
            });
        using HttpResponseMessage first = await client.Http.GetAsync("/a");
        using HttpResponseMessage second = await client.Http.GetAsync("/b");
        Assert.Equal([null, "as-1"], client.TokenProofs.Select(proof => proof["nonce"]));
        Assert.Equal([null, "rs-1", "rs-2"], client.ApiProofs.Select(proof => proof["nonce"]));
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (first.StatusCode, second.StatusCode));
    }
}
