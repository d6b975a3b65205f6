using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Microsoft.IdentityModel.Tokens;
using OAuthClientCredentials.Jwt;
using OAuthClientCredentials.Jwt.DPoP;
using OAuthClientCredentials.Tests.Infrastructure;
using OAuthClientCredentials.Tests.Jwt;

namespace OAuthClientCredentials.Tests.DPoP;

/// <summary>The key of proofs: its kinds and formats, and what is refused.</summary>
public sealed class KeyTests
{
    private static readonly string[] PrivateMembers = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

    [Theory]
    [Trait("Req", "R-160")]
    [InlineData("EC P-256 PEM", "ES256")]
    [InlineData("EC P-384 PEM", "ES384")]
    [InlineData("EC P-521 PEM", "ES512")]
    [InlineData("RSA PEM", "PS256")]
    [InlineData("EC JWK", "ES256")]
    [InlineData("RSA JWK", "PS256")]
    [InlineData("RSA JWK RS256", "RS256")]
    [InlineData("EC PKCS12", "ES256")]
    [InlineData("RSA PKCS12", "PS256")]
    public async Task A_proof_of_each_kind_of_key_is_valid_and_has_no_private_member(string kind, string algorithm)
    {
        using TemporaryFile file = new("");
        await File.WriteAllBytesAsync(file.Path, ContentOf(kind));
        DecodedProof proof = await ProveAsync(DPoPKey.FromFile(file.Path));
        Assert.Equal(algorithm, proof.Header.GetProperty("alg").GetString());
        Assert.True(proof.IsSigned());
        Assert.Equal(proof.Thumbprint, DPoPKey.FromFile(file.Path).Thumbprint);
        AssertPublic(proof);
    }

    [Fact]
    [Trait("Req", "R-160")]
    public async Task A_proof_of_a_key_object_or_of_a_signer_has_no_private_member()
    {
        using RSA rsa = RSA.Create(2048);
        using ECDsa ec = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 certificate = new CertificateRequest("CN=shop", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            .CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(100));
        SigningCredentials[] all =
        [
            new(new RsaSecurityKey(rsa), "PS256"),
            new(new RsaSecurityKey(rsa.ExportParameters(includePrivateParameters: true)), "PS512"),
            new(new ECDsaSecurityKey(ec), "ES256"),
            new(new X509SecurityKey(certificate), "RS256"),
            new(new JsonWebKey(TestKeys.EcJwk(ec, "k")), "ES256"),
        ];
        foreach (SigningCredentials credentials in all)
        {
            DecodedProof proof = await ProveAsync(DPoPKey.FromSigner(AssertionSigner.From(credentials)));
            Assert.True(proof.IsSigned());
            AssertPublic(proof);
        }

        JsonWebKey okp = new(TestKeys.Ed25519Jwk);
        okp.X = Base64UrlEncoder.Encode(new byte[32]);
        DecodedProof edDsa = await ProveAsync(DPoPKey.FromSigner(new TestSigner("EdDSA", okp)));
        Assert.Equal("OKP", edDsa.Header.GetProperty("jwk").GetProperty("kty").GetString());
        AssertPublic(edDsa);
    }

    [Theory]
    [Trait("Req", "R-160")]
    [InlineData("ES256", null)]
    [InlineData("ES384", """{"kty":"EC","crv":"P-256","x":"AQ","y":"AQ"}""")]
    [InlineData("ES256", """{"kty":"EC","crv":"P-256","x":"***","y":"AQ"}""")]
    [InlineData("ES256", """{"kty":"EC","crv":"secp256k1","x":"AQ","y":"AQ"}""")]
    [InlineData("PS256", """{"kty":"RSA","n":"AQ","e":"AQAB"}""")]
    [InlineData("HS256", """{"kty":"oct","k":"AQ"}""")]
    [InlineData("none", """{"kty":"EC","crv":"P-256","x":"AQ","y":"AQ"}""")]
    public void A_signer_without_the_public_key_of_its_algorithm_is_refused(string algorithm, string? jwk)
    {
        ClientCredentialsOptions options = new();
        TestSigner signer = new(algorithm, jwk is null ? null : new(jwk));
        Assert.Contains("PublicKey", Assert.Throws<ArgumentException>(() => options.UseDPoP(signer)).Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-160")]
    public void A_coordinate_without_its_leading_zeros_gets_them_back()
    {
        JsonWebKey full = new("""{"kty":"EC","crv":"P-256","x":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE","y":"AQ"}""");
        JsonWebKey shortened = new("""{"kty":"EC","crv":"P-256","x":"AQ","y":"AAE"}""");
        Assert.Equal(
            DPoPKey.FromSigner(new TestSigner("ES256", full)).Thumbprint,
            DPoPKey.FromSigner(new TestSigner("ES256", shortened)).Thumbprint);
    }

    private static void AssertPublic(DecodedProof proof)
    {
        JsonElement jwk = proof.Header.GetProperty("jwk");
        Assert.Empty(jwk.EnumerateObject().Select(member => member.Name).Intersect(PrivateMembers));
        Assert.Equal(["typ", "alg", "jwk"], proof.Header.EnumerateObject().Select(member => member.Name));
    }

    private static async Task<DecodedProof> ProveAsync(DPoPKey key) =>
        new((await new Proof("GET", "https://a.example/", DateTimeOffset.UnixEpoch, null).SignAsync(key, CancellationToken.None))!);

    private static byte[] ContentOf(string kind)
    {
        using ECDsa ec = ECDsa.Create(kind switch
        {
            "EC P-384 PEM" => ECCurve.NamedCurves.nistP384,
            "EC P-521 PEM" => ECCurve.NamedCurves.nistP521,
            _ => ECCurve.NamedCurves.nistP256,
        });
        using RSA rsa = RSA.Create(2048);
        string rsaJwk = TestKeys.RsaJwk(rsa, "n", "e", "d", "p", "q", "dp", "dq", "qi");
        return kind switch
        {
            "EC JWK" => Encode(TestKeys.EcJwk(ec, "k")),
            "RSA JWK" => Encode(rsaJwk),
            "RSA JWK RS256" => Encode(rsaJwk.Replace("{", "{\"alg\":\"RS256\",", StringComparison.Ordinal)),
            "RSA PEM" => Encode(rsa.ExportPkcs8PrivateKeyPem()),
            "EC PKCS12" => Pkcs12(new CertificateRequest("CN=shop", ec, HashAlgorithmName.SHA256)),
            "RSA PKCS12" => Pkcs12(new CertificateRequest("CN=shop", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)),
            _ => Encode(ec.ExportPkcs8PrivateKeyPem()),
        };
    }

    private static byte[] Pkcs12(CertificateRequest request) =>
        request.CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(100)).Export(X509ContentType.Pkcs12);

    private static byte[] Encode(string text) => System.Text.Encoding.ASCII.GetBytes(text);
}
