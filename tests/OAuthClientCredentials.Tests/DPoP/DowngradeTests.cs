using System.Net;
using System.Security.Cryptography;
using OAuthClientCredentials.Jwt;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.DPoP;

/// <summary>A client with DPoP never sends a bearer token, and nothing without a proof.</summary>
public sealed class DowngradeTests
{
    [Theory]
    [Trait("Req", "R-168")]
    [InlineData("""{"access_token":"abc","expires_in":3600}""")]
    [InlineData("""{"access_token":"abc","token_type":null,"expires_in":3600}""")]
    [InlineData("""{"access_token":"abc","token_type":"","expires_in":3600}""")]
    [InlineData("""{"access_token":"abc","token_type":"Bearer","expires_in":3600}""")]
    [InlineData("""{"access_token":"abc","token_type":"bearer","expires_in":3600}""")]
    [InlineData("""{"access_token":"abc","token_type":"BearerToken","expires_in":3600}""")]
    [InlineData("""{"access_token":"abc","token_type":"mac","expires_in":3600}""")]
    [InlineData("""{"access_token":"abc","token_type":"DPoP ","expires_in":3600}""")]
    public async Task A_token_of_another_type_is_an_error_and_the_API_gets_nothing(string json)
    {
        await using DPoPClient client = new(
            configure: options => options.AcceptedTokenTypes = ["BearerToken"],
            server: _ => Respond.Json(HttpStatusCode.OK, json));
        TokenRequestException exception = await Assert.ThrowsAsync<TokenRequestException>(() => client.Http.GetAsync("/"));
        Assert.Contains("the token_type is not DPoP", exception.Message, StringComparison.Ordinal);
        Assert.Empty(client.Authorizations);
    }

    [Fact]
    [Trait("Req", "R-168")]
    public async Task A_type_in_another_case_is_sent_as_DPoP()
    {
        await using DPoPClient client = new(server: _ => DPoPClient.Token("abc", "dpop"));
        using HttpResponseMessage response = await client.Http.GetAsync("/");
        Assert.Equal(["DPoP abc"], client.Authorizations);
    }

    [Fact]
    [Trait("Req", "R-168")]
    public async Task Nothing_is_sent_to_http_that_is_not_loopback()
    {
        await using DPoPClient client = new(configure: options => options.AllowInsecureHttp = true);
        TokenRequestException exception =
            await Assert.ThrowsAsync<TokenRequestException>(() => client.Http.GetAsync(new Uri("http://api.internal/orders")));
        Assert.Contains("Client 'orders' did not send its request to http://api.internal,", exception.Message, StringComparison.Ordinal);
        Assert.Empty(client.Authorizations);
        using HttpResponseMessage loopback = await client.Http.GetAsync(new Uri("http://localhost:8080/orders"));
        Assert.Equal("http://localhost:8080/orders", client.ApiProofs.Single()["htu"]);
    }

    [Theory]
    [Trait("Req", "R-168")]
    [InlineData("throws", "the signer threw InvalidOperationException")]
    [InlineData("DER", "the signature does not have the length")]
    public async Task Nothing_is_sent_if_the_signer_fails(string failure, string problem)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        TestSigner good = TestSigner.Create(key);
        int signed = 0;
        TestSigner signer = new("ES256", good.PublicKey, input =>
        {
            if (signed++ == 0)
            {
                return key.SignData(input.Span, HashAlgorithmName.SHA256);
            }

            if (failure == "DER")
            {
                return new byte[70];
            }

            throw new InvalidOperationException("canary");
        });
        await using DPoPClient client = new(configure: options => options.UseDPoP(signer));
        TokenRequestException exception = await Assert.ThrowsAsync<TokenRequestException>(() => client.Http.GetAsync("/"));
        Assert.Contains(problem, exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", $"{exception}{client.Log.Text}", StringComparison.Ordinal);
        Assert.Empty(client.Authorizations);
    }

    [Fact]
    [Trait("Req", "R-168")]
    public async Task A_DPoP_header_of_the_caller_is_replaced()
    {
        await using DPoPClient client = new();
        using HttpRequestMessage request = new(HttpMethod.Get, "/");
        request.Headers.Add("DPoP", "a proof of the caller");
        using HttpResponseMessage response = await client.Http.SendAsync(request);
        Assert.Equal("GET", client.ApiProofs.Single()["htm"]);
    }

    [Fact]
    [Trait("Req", "R-168")]
    public void A_bound_token_of_a_shared_cache_gets_the_type_of_its_binding()
    {
        ClientCredentialsOptions options = new();
        options.UseDPoP();
        AccessToken token = new AccessToken("abc", DateTimeOffset.MaxValue).With(options.OfferedBinding!);
        Assert.Equal("DPoP abc", $"{token.AuthorizationHeader}");
    }
}
