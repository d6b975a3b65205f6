using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.IdentityModel.Tokens;
using OAuthClientCredentials.Jwt;
using OAuthClientCredentials.Jwt.Assertions;

namespace OAuthClientCredentials.Tests.Jwt;

/// <summary>What an assertion says, to the letter.</summary>
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
    public async Task An_assertion_says_who_for_whom_and_until_when_and_nothing_else()
    {
        using Signer signer = new(options => options.PrivateKey = Pem);
        Signed signed = await signer.SignAsync();
        Assert.Equal("""{"alg":"ES256","typ":"client-authentication+jwt"}""", signed.Header.GetRawText());
        long now = signer.Time.GetUtcNow().ToUnixTimeSeconds();
        string jti = signed.Claims.GetProperty("jti").GetString()!;
        Assert.Equal($$"""{"iss":"shop","sub":"shop","aud":"https://id.example.com/tenant/","jti":"{{jti}}","iat":{{now}},"exp":{{now + 60}}}""", signed.Claims.GetRawText());
        Assert.InRange(Base64UrlEncoder.DecodeBytes(jti).Length * 8, 128, 1024);
        Assert.True(signed.IsBy(_ec));
    }

    [Fact]
    [Trait("Req", "R-023")]
    [Trait("Req", "R-147")]
    public async Task The_form_names_the_type_of_the_assertion_and_the_client_and_no_other_credential()
    {
        using Signer signer = new(options => (options.PrivateKey, options.Scopes) = (Pem, ["read"]));
        await signer.SignAsync();
        Dictionary<string, string> form = Assert.Single(signer.Forms);
        Assert.Equal(["grant_type", "scope", "client_id", "client_assertion_type", "client_assertion"], form.Keys);
        Assert.Equal("urn:ietf:params:oauth:client-assertion-type:jwt-bearer", form["client_assertion_type"]);
        Assert.Equal("shop", form["client_id"]);
    }

    [Fact]
    [Trait("Req", "R-087")]
    [Trait("Req", "R-140")]
    [Trait("Req", "R-141")]
    public async Task Old_servers_get_the_audience_type_and_life_that_they_want()
    {
        using Signer signer = new(options =>
        {
            options.PrivateKey = Pem;
            options.KeyId = "2026-11";
            options.AssertionAudience = "https://id.example.com/token";
            options.AssertionType = "JWT";
            options.AssertionLifetime = TimeSpan.FromMinutes(5);
        });
        Signed signed = await signer.SignAsync();
        Assert.Equal("""{"alg":"ES256","typ":"JWT","kid":"2026-11"}""", signed.Header.GetRawText());
        Assert.Equal("https://id.example.com/token", signed.Claims.GetProperty("aud").GetString());
        Assert.Equal(300, signed.Claims.GetProperty("exp").GetInt64() - signed.Claims.GetProperty("iat").GetInt64());
    }

    [Fact]
    [Trait("Req", "R-029")]
    [Trait("Req", "R-142")]
    public async Task Every_attempt_has_an_assertion_of_its_own()
    {
        using Signer signer = new(options => (options.PrivateKey, options.MaxRetries) = (Pem, 2));
        signer.Statuses.Enqueue(HttpStatusCode.ServiceUnavailable);
        signer.Statuses.Enqueue(HttpStatusCode.ServiceUnavailable);
        Task<Signed> signing = signer.SignAsync();
        while (!signing.IsCompleted)
        {
            // Another thread makes the attempts, and no time may pass that they need.
            signer.Time.Advance(TimeSpan.FromMilliseconds(50));
            await Task.Delay(2);
        }

        await signing;
        Assert.Equal(3, signer.Forms.Select(form => Signed.In(form).Claims.GetProperty("jti").GetString()).Distinct().Count());
    }

    [Fact]
    [Trait("Req", "R-142")]
    public async Task No_two_of_a_million_assertions_have_the_same_id()
    {
        HashSet<string> ids = [];
        Assertion assertion = new("shop", Signer.Issuer, "JWT", DateTimeOffset.UnixEpoch, TimeSpan.FromSeconds(60));
        NoSignature unsigned = new();
        for (int index = 0; index < 1_000_000; index++)
        {
            string claims = (await assertion.SignAsync(unsigned, CancellationToken.None))!.Split('.')[1];
            Assert.True(ids.Add(claims));
        }
    }

    [Fact]
    [Trait("Req", "R-145")]
    public async Task A_key_that_never_leaves_its_vault_signs_through_the_applications_own_signer()
    {
        VaultSigner vault = new(_ec);
        using Signer signer = new(options => options.UsePrivateKeyJwt(vault));
        Signed signed = await signer.SignAsync();
        Assert.Equal("""{"alg":"ES256","typ":"client-authentication+jwt","kid":"vault-1"}""", signed.Header.GetRawText());
        Assert.True(signed.IsBy(_ec));
        Assert.Equal(1, vault.Signatures);
    }

    [Fact]
    [Trait("Req", "R-074")]
    public void The_same_signer_given_anew_is_no_changed_credential()
    {
        VaultSigner vault = new(_ec);
        Assert.Equal(By(vault), By(vault));
        Assert.NotEqual(By(vault), By(new VaultSigner(_ec)));

        static ClientAuthentication? By(AssertionSigner signer)
        {
            ClientCredentialsOptions options = new();
            options.UsePrivateKeyJwt(signer);
            return options.Authentication;
        }
    }

    [Fact]
    [Trait("Req", "R-143")]
    public async Task A_signature_in_DER_is_not_sent()
    {
        using Signer signer = new(options => options.UsePrivateKeyJwt(new DerSigner(_ec)));
        Assert.Contains("the signer's signature does not have the length of ES256", (await signer.FailAsync()).Message, StringComparison.Ordinal);
        Assert.Empty(signer.Forms);
    }

    [Fact]
    [Trait("Req", "R-145")]
    public async Task Credentials_of_other_libraries_sign_too()
    {
        using RSA rsa = RSA.Create(2048);
        SigningCredentials credentials = new(new RsaSecurityKey(rsa) { KeyId = "k" }, SecurityAlgorithms.RsaSsaPssSha384);
        using Signer signer = new(options => options.UsePrivateKeyJwt(AssertionSigner.From(credentials)));
        Signed signed = await signer.SignAsync();
        Assert.Equal("PS384", signed.Header.GetProperty("alg").GetString());
        Assert.Equal("k", signed.Header.GetProperty("kid").GetString());
        Assert.True(signed.IsBy(rsa));
    }

    [Fact]
    [Trait("Req", "R-146")]
    public async Task A_signer_may_be_another_for_each_assertion()
    {
        using ECDsa second = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        ECDsa current = _ec;
        using Signer signer = new(options => options.UsePrivateKeyJwt(_ => new(new VaultSigner(current))));
        Assert.True((await signer.SignAsync()).IsBy(_ec));
        current = second;
        Assert.True((await signer.SignAsync()).IsBy(second));
    }

    [Fact]
    [Trait("Req", "R-144")]
    public async Task A_key_that_signs_for_two_issuers_is_warned_of_once()
    {
        using Signer signer = new(options => options.PrivateKey = Pem, options => (options.PrivateKey, options.Authority) = (Pem, "https://other.example.com"), options => options.PrivateKey = Pem);
        await signer.SignAsync("0");
        await signer.SignAsync("2");
        Assert.DoesNotContain("also signs", signer.Log, StringComparison.Ordinal);
        await signer.SignAsync("1");
        await signer.SignAsync("1");
        Assert.Single(signer.Log.Split('\n'), line => line.Contains("The client '1' signs its assertions with a key that also signs for another authorization server", StringComparison.Ordinal));
    }

    [Theory]
    [Trait("Req", "R-143")]
    [InlineData(null, "HS256")]
    [InlineData("HS384", "HS384")]
    [InlineData("HS512", "HS512")]
    public async Task A_secret_signs_where_the_method_says_so(string? algorithm, string expected)
    {
        using Signer signer = new(options => (options.AuthenticationMethod, options.ClientSecret, options.KeyAlgorithm) = ("client_secret_jwt", "päss word", algorithm));
        Signed signed = await signer.SignAsync();
        Assert.Equal(expected, signed.Header.GetProperty("alg").GetString());
        byte[] key = "päss word"u8.ToArray();
        Assert.Equal(expected switch { "HS256" => HMACSHA256.HashData(key, signed.Input), "HS384" => HMACSHA384.HashData(key, signed.Input), _ => HMACSHA512.HashData(key, signed.Input) }, signed.Signature);
        Assert.DoesNotContain("client_secret", signer.Forms[0].Keys);
    }

    [Fact]
    [Trait("Req", "R-313")]
    public async Task A_rejected_assertion_is_not_sent_again_with_the_same_key()
    {
        using Signer signer = new(options => options.PrivateKey = Pem);
        signer.Statuses.Enqueue(HttpStatusCode.Unauthorized);
        TokenRequestException failure = await signer.FailAsync();
        Assert.Equal("invalid_client", failure.Error);
        Assert.Single(signer.Forms);
    }

    private sealed class NoSignature : AssertionSigner
    {
        public override string Algorithm => "ES256";

        public override ValueTask<byte[]> SignAsync(ReadOnlyMemory<byte> signingInput, CancellationToken cancellationToken) => new(new byte[64]);
    }

    private sealed class DerSigner(ECDsa key) : AssertionSigner
    {
        public override string Algorithm => "ES256";

        public override ValueTask<byte[]> SignAsync(ReadOnlyMemory<byte> signingInput, CancellationToken cancellationToken) =>
            new(key.SignData(signingInput.ToArray(), HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence));
    }

    private sealed class VaultSigner(ECDsa key) : AssertionSigner
    {
        public int Signatures { get; private set; }

        public override string Algorithm => "ES256";

        public override string? KeyId => "vault-1";

        public override async ValueTask<byte[]> SignAsync(ReadOnlyMemory<byte> signingInput, CancellationToken cancellationToken)
        {
            await Task.Yield();
            Signatures++;
            return key.SignData(signingInput.ToArray(), HashAlgorithmName.SHA256);
        }
    }
}
