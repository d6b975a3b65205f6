using System.Text;
using System.Text.Json;
using Microsoft.IdentityModel.Tokens;
using OAuthClientCredentials.Jwt;
using OAuthClientCredentials.Jwt.DPoP;

namespace OAuthClientCredentials.Tests.DPoP;

/// <summary>The examples of RFC 9449, and what every proof contains.</summary>
public sealed class VectorTests
{
    // Section 4.1.
    private const string Example =
        "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldW"
        + "QVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2My"
        + "bFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP"
        + "0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg";

    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(1562262616);

    private static readonly DPoPKey ExampleKey = DPoPKey.FromSigner(
        new TestSigner("ES256", new(new DecodedProof(Example).Header.GetProperty("jwk").GetRawText())));

    [Fact]
    [Trait("Req", "R-160")]
    public async Task The_example_proof_of_the_RFC_has_our_header_claims_and_thumbprint()
    {
        DecodedProof example = new(Example);
        Assert.True(example.IsSigned());
        Assert.Equal("0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I", ExampleKey.Thumbprint);

        DecodedProof ours = await ProveAsync(new("POST", "https://server.example.com/token", Now, null), ExampleKey);
        Assert.True(JsonElement.DeepEquals(example.Header, ours.Header));
        string[] claims = ["jti", "htm", "htu", "iat"];
        Assert.Equal(claims, ours.Claims.EnumerateObject().Select(claim => claim.Name));
        Assert.All(claims[1..], claim => Assert.Equal(example[claim], ours[claim]));
    }

    [Fact]
    [Trait("Req", "R-163")]
    public async Task The_hash_of_the_token_is_that_of_the_RFC()
    {
        const string Token = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";
        DecodedProof proof = await ProveAsync(new("GET", "https://resource.example.org/protectedresource", Now, "n", Token), ExampleKey);
        Assert.Equal("fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo", proof["ath"]);
        Assert.Equal("n", proof["nonce"]);
    }

    [Fact]
    [Trait("Req", "R-160")]
    public void The_header_has_a_fixed_text() => Assert.Equal(
        """{"typ":"dpop+jwt","alg":"ES256","jwk":{"crv":"P-256","kty":"EC","x":"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs","""
        + "\"y\":\"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA\"}}",
        Base64UrlEncoder.Decode(Encoding.ASCII.GetString(ExampleKey.Header)));

    [Fact]
    [Trait("Req", "R-164")]
    public async Task A_million_proofs_have_a_million_identifiers()
    {
        // The claims begin with {"jti":" and 128 bits in hexadecimal.
        int start = ExampleKey.Header.Length + 1;
        HashSet<string> identifiers = new(1_000_000);
        for (int number = 0; number < 1_000_000; number++)
        {
            string proof = (await new Proof("GET", "https://a.example", Now, null).SignAsync(ExampleKey, CancellationToken.None))!;
            identifiers.Add(proof.Substring(start, 56));
        }

        Assert.Equal(1_000_000, identifiers.Count);
        Assert.Matches("""^\{"jti":"[0-9A-F]{32}"$""", Base64UrlEncoder.Decode(identifiers.First())[..41]);
    }

    private static async Task<DecodedProof> ProveAsync(Proof proof, DPoPKey key) =>
        new((await proof.SignAsync(key, CancellationToken.None))!);
}
