using System.Net;
using System.Security.Cryptography;
using Microsoft.IdentityModel.Tokens;
using OAuthClientCredentials.Jwt;
using OAuthClientCredentials.Jwt.Assertions;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Jwt;

/// <summary>The content of assertions, and who signs them.</summary>
public sealed class AssertionTests : IDisposable
{
    private readonly ECDsa _ec = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    private string Pem => _ec.ExportPkcs8PrivateKeyPem();

    public void Dispose() => _ec.Dispose();

    [Fact]
    [Trait("Req", "R-087")]
    [Trait("Req", "R-140")]
    [Trait("Req", "R-141")]
    [Trait("Req", "R-142")]
    public async Task Assertion_has_issuer_subject_audience_id_and_times_and_nothing_else()
    {
        await using AssertionClient client = new(options => options.PrivateKey = Pem);
        DecodedAssertion assertion = await client.SignAsync();
        Assert.Equal("""{"alg":"ES256","typ":"client-authentication+jwt"}""", assertion.Header.GetRawText());
        long now = client.Provider.Time.GetUtcNow().ToUnixTimeSeconds();
        string jti = assertion.Claims.GetProperty("jti").GetString()!;
        Assert.Equal(
            $$"""{"iss":"shop","sub":"shop","aud":"{{AssertionClient.Issuer}}","jti":"{{jti}}","iat":{{now}},"exp":{{now + 60}}}""",
            assertion.Claims.GetRawText());
        Assert.InRange(Base64UrlEncoder.DecodeBytes(jti).Length * 8, 128, 1024);
        Assert.True(assertion.IsSignedBy(_ec));
    }

    [Fact]
    [Trait("Req", "R-023")]
    [Trait("Req", "R-147")]
    public async Task Form_has_the_assertion_its_type_and_the_client_and_no_other_credential()
    {
        await using AssertionClient client = new(options => (options.PrivateKey, options.Scopes) = (Pem, ["read"]));
        await client.SignAsync();
        Dictionary<string, string> form = Assert.Single(client.Forms);
        Assert.Equal(["grant_type", "scope", "client_id", "client_assertion_type", "client_assertion"], form.Keys);
        Assert.Equal("urn:ietf:params:oauth:client-assertion-type:jwt-bearer", form["client_assertion_type"]);
        Assert.Equal("shop", form["client_id"]);
    }

    [Fact]
    [Trait("Req", "R-087")]
    [Trait("Req", "R-140")]
    [Trait("Req", "R-141")]
    public async Task Audience_type_and_lifetime_can_be_set_for_old_servers()
    {
        await using AssertionClient client = new(options =>
        {
            (options.PrivateKey, options.KeyId, options.AssertionType) = (Pem, "2026-11", "JWT");
            (options.AssertionAudience, options.AssertionLifetime) = ("https://id.example.com/token", TimeSpan.FromMinutes(5));
        });
        DecodedAssertion assertion = await client.SignAsync();
        Assert.Equal("""{"alg":"ES256","typ":"JWT","kid":"2026-11"}""", assertion.Header.GetRawText());
        Assert.Equal("https://id.example.com/token", assertion.Claims.GetProperty("aud").GetString());
        Assert.Equal(300, assertion.Claims.GetProperty("exp").GetInt64() - assertion.Claims.GetProperty("iat").GetInt64());
    }

    [Fact]
    [Trait("Req", "R-029")]
    [Trait("Req", "R-142")]
    public async Task Every_attempt_has_an_assertion_of_its_own()
    {
        await using AssertionClient client = new(options => (options.PrivateKey, options.MaxRetries) = (Pem, 2));
        client.Statuses.Enqueue(HttpStatusCode.ServiceUnavailable);
        client.Statuses.Enqueue(HttpStatusCode.ServiceUnavailable);
        Task<DecodedAssertion> signing = client.SignAsync();
        await client.Provider.Time.AdvanceUntilAsync(signing);
        await signing;
        IEnumerable<DecodedAssertion> assertions = client.Forms.Select(form => new DecodedAssertion(form["client_assertion"]));
        Assert.Equal(3, assertions.Select(assertion => assertion.Claims.GetProperty("jti").GetString()).Distinct().Count());
    }

    [Fact]
    [Trait("Req", "R-142")]
    public async Task No_two_of_a_million_assertions_have_the_same_id()
    {
        HashSet<string> ids = [];
        Assertion assertion = new("shop", AssertionClient.Issuer, "JWT", DateTimeOffset.UnixEpoch, TimeSpan.FromSeconds(60));
        TestSigner unsigned = new(_ => new byte[64]);
        for (int index = 0; index < 1_000_000; index++)
        {
            Assert.True(ids.Add((await assertion.SignAsync(unsigned, CancellationToken.None))!.Split('.')[1]));
        }
    }

    [Fact]
    [Trait("Req", "R-145")]
    public async Task Custom_signer_signs_each_assertion()
    {
        TestSigner signer = TestSigner.With(_ec);
        await using AssertionClient client = new(options => options.UsePrivateKeyJwt(signer));
        DecodedAssertion assertion = await client.SignAsync();
        Assert.Equal("""{"alg":"ES256","typ":"client-authentication+jwt","kid":"vault-1"}""", assertion.Header.GetRawText());
        Assert.True(assertion.IsSignedBy(_ec));
        Assert.Equal(1, signer.Signatures);
        await client.SignAsync();
        Assert.Equal(2, signer.Signatures);
    }

    [Fact]
    [Trait("Req", "R-146")]
    public async Task Each_assertion_may_have_another_signer()
    {
        using ECDsa second = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        TestSigner current = TestSigner.With(_ec);
        await using AssertionClient client = new(options => options.UsePrivateKeyJwt(_ => new(current)));
        Assert.True((await client.SignAsync()).IsSignedBy(_ec));
        current = TestSigner.With(second);
        Assert.True((await client.SignAsync()).IsSignedBy(second));
    }

    [Fact]
    [Trait("Req", "R-074")]
    public void Same_signer_given_again_is_not_a_changed_credential()
    {
        TestSigner signer = TestSigner.With(_ec);
        Assert.Equal(By(signer), By(signer));
        Assert.NotEqual(By(signer), By(TestSigner.With(_ec)));

        static ClientAuthentication? By(AssertionSigner signer)
        {
            ClientCredentialsOptions options = new();
            options.UsePrivateKeyJwt(signer);
            return options.Authentication;
        }
    }

    [Fact]
    [Trait("Req", "R-143")]
    public async Task Signature_in_DER_is_not_sent()
    {
        TestSigner signer = new(input => _ec.SignData(input, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence));
        await using AssertionClient client = new(options => options.UsePrivateKeyJwt(signer));
        Assert.Contains("the length of ES256", (await client.FailAsync()).Message, StringComparison.Ordinal);
        Assert.Empty(client.Forms);
    }

    [Fact]
    [Trait("Req", "R-145")]
    public async Task Credentials_of_Microsoft_IdentityModel_sign()
    {
        using RSA rsa = RSA.Create(2048);
        SigningCredentials credentials = new(new RsaSecurityKey(rsa) { KeyId = "k" }, SecurityAlgorithms.RsaSsaPssSha384);
        await using AssertionClient client = new(options => options.UsePrivateKeyJwt(AssertionSigner.From(credentials)));
        DecodedAssertion assertion = await client.SignAsync();
        Assert.Equal(("PS384", "k"), (assertion.Algorithm, assertion.Header.GetProperty("kid").GetString()));
        Assert.True(assertion.IsSignedBy(rsa));
    }

    [Fact]
    [Trait("Req", "R-144")]
    public async Task Key_that_signs_for_two_issuers_is_logged_once()
    {
        await using AssertionClient client = new(
            options => options.PrivateKey = Pem,
            options => (options.PrivateKey, options.Authority) = (Pem, "https://other.example.com"),
            options => options.PrivateKey = Pem);
        await client.SignAsync("0");
        await client.SignAsync("2");
        Assert.DoesNotContain(client.Log.Lines, IsWarning);
        await client.SignAsync("1");
        await client.SignAsync("1");
        Assert.Contains("lient '1'", Assert.Single(client.Log.Lines, IsWarning), StringComparison.Ordinal);

        static bool IsWarning(string line) =>
            line.StartsWith("Warning", StringComparison.Ordinal) && line.Contains("signs", StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Req", "R-143")]
    [InlineData(null, "HS256")]
    [InlineData("HS384", "HS384")]
    [InlineData("HS512", "HS512")]
    public async Task Secret_signs_with_client_secret_jwt(string? algorithm, string expected)
    {
        await using AssertionClient client = new(options =>
            (options.AuthenticationMethod, options.ClientSecret, options.KeyAlgorithm) = ("client_secret_jwt", "päss word", algorithm));
        DecodedAssertion assertion = await client.SignAsync();
        Assert.Equal(expected, assertion.Algorithm);
        byte[] key = "päss word"u8.ToArray();
        byte[] signature = expected switch
        {
            "HS256" => HMACSHA256.HashData(key, assertion.SigningInput),
            "HS384" => HMACSHA384.HashData(key, assertion.SigningInput),
            _ => HMACSHA512.HashData(key, assertion.SigningInput),
        };
        Assert.Equal(signature, assertion.Signature);
        Assert.DoesNotContain("client_secret", client.Forms[0].Keys);
    }

    private sealed class TestSigner(Func<byte[], byte[]> sign) : AssertionSigner
    {
        public int Signatures { get; private set; }

        public override string Algorithm => "ES256";

        public override string? KeyId => "vault-1";

        public static TestSigner With(ECDsa key) => new(input => key.SignData(input, HashAlgorithmName.SHA256));

        public override ValueTask<byte[]> SignAsync(ReadOnlyMemory<byte> signingInput, CancellationToken cancellationToken)
        {
            Signatures++;
            return new(sign(signingInput.ToArray()));
        }
    }
}
