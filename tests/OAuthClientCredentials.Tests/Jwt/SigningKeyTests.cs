using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Microsoft.IdentityModel.Tokens;

namespace OAuthClientCredentials.Tests.Jwt;

/// <summary>Every form in which a key comes, every algorithm that it serves, and what is wrong with those that cannot sign.</summary>
public sealed class SigningKeyTests : IDisposable
{
    private readonly string _file = Path.GetTempFileName();

    public static TheoryData<string, string> Pairs => new()
    {
        { "P-256", "ES256" },
        { "P-384", "ES384" },
        { "P-521", "ES512" },
        { "RSA", "PS256" },
        { "RSA", "PS384" },
        { "RSA", "PS512" },
        { "RSA", "RS256" },
    };

    public void Dispose() => File.Delete(_file);

    [Theory]
    [Trait("Req", "R-143")]
    [MemberData(nameof(Pairs))]
    public async Task A_key_signs_by_each_algorithm_that_it_serves(string kind, string algorithm)
    {
        using AsymmetricAlgorithm key = Create(kind);
        using Signer signer = new(options => (options.PrivateKey, options.KeyAlgorithm) = (key.ExportPkcs8PrivateKeyPem(), algorithm));
        Signed signed = await signer.SignAsync();
        Assert.Equal(algorithm, signed.Header.GetProperty("alg").GetString());
        Assert.True(signed.IsBy(key));

        // r and s, not DER.
        Assert.Equal(kind switch { "P-256" => 64, "P-384" => 96, "P-521" => 132, _ => 256 }, signed.Signature.Length);
    }

    [Theory]
    [Trait("Req", "R-143")]
    [InlineData("P-256", "ES256")]
    [InlineData("P-384", "ES384")]
    [InlineData("P-521", "ES512")]
    [InlineData("RSA", "PS256")]
    public async Task Without_an_algorithm_the_key_tells_it(string kind, string algorithm)
    {
        using AsymmetricAlgorithm key = Create(kind);
        using Signer signer = new(options => options.PrivateKey = key.ExportPkcs8PrivateKeyPem());
        Assert.Equal(algorithm, (await signer.SignAsync()).Header.GetProperty("alg").GetString());
    }

    [Theory]
    [Trait("Req", "R-145")]
    [InlineData("P-256", "pkcs8")]
    [InlineData("P-256", "encrypted")]
    [InlineData("P-256", "traditional")]
    [InlineData("P-256", "jwk")]
    [InlineData("P-256", "pkcs12")]
    [InlineData("P-256", "with certificate")]
    [InlineData("RSA", "pkcs8")]
    [InlineData("RSA", "encrypted")]
    [InlineData("RSA", "traditional")]
    [InlineData("RSA", "jwk")]
    [InlineData("RSA", "pkcs12")]
    [InlineData("RSA", "with certificate")]
    public async Task A_file_may_hold_the_key_in_any_common_form(string kind, string form)
    {
        using AsymmetricAlgorithm key = Create(kind);
        await File.WriteAllBytesAsync(_file, Write(key, form));
        using Signer signer = new(options => (options.PrivateKeyFile, options.PrivateKeyPassword) = (_file, form is "encrypted" or "pkcs12" ? "pass" : null));
        Assert.Equal("", signer.Start());
        Signed signed = await signer.SignAsync();
        Assert.True(signed.IsBy(key));
        Assert.Equal(form == "jwk", signed.Header.TryGetProperty("kid", out JsonElement kid) && kid.GetString() == "of-the-jwk");
    }

    [Theory]
    [Trait("Req", "R-145")]
    [InlineData("P-256")]
    [InlineData("RSA")]
    public async Task The_clients_certificate_signs_and_is_named_by_its_thumbprint(string kind)
    {
        using AsymmetricAlgorithm key = Create(kind);
        using X509Certificate2 certificate = Certificate(key);
        using Signer signer = new(options =>
        {
            options.AuthenticationMethod = "private_key_jwt";
            options.UseCertificate(_ => new(certificate));
        });
        Signed signed = await signer.SignAsync();
        Assert.True(signed.IsBy(key));
        Assert.Equal(Base64UrlEncoder.Encode(certificate.GetCertHash(HashAlgorithmName.SHA256)), signed.Header.GetProperty("x5t#S256").GetString());
    }

    [Fact]
    [Trait("Req", "R-146")]
    [Trait("Req", "R-312")]
    public async Task A_file_is_read_at_each_request()
    {
        using AsymmetricAlgorithm first = Create("P-256");
        using AsymmetricAlgorithm second = Create("RSA");
        await File.WriteAllTextAsync(_file, first.ExportPkcs8PrivateKeyPem());
        using Signer signer = new(options => options.PrivateKeyFile = _file);
        Assert.True((await signer.SignAsync()).IsBy(first));
        await File.WriteAllTextAsync(_file, second.ExportPkcs8PrivateKeyPem());
        Assert.True((await signer.SignAsync()).IsBy(second));
    }

    [Fact]
    [Trait("Req", "R-312")]
    public async Task A_file_that_comes_late_or_goes_bad_is_named_and_its_mending_noticed()
    {
        File.Delete(_file);
        using AsymmetricAlgorithm key = Create("P-256");
        using Signer signer = new(options => options.PrivateKeyFile = _file);
        Assert.Equal("", signer.Start());
        TokenRequestException missing = await signer.FailAsync();
        Assert.StartsWith($"Client '0' could not get a token: the file '{_file}' cannot be read. Fix the file, or change ClientCredentials:0:PrivateKeyFile.", missing.Message, StringComparison.Ordinal);
        await File.WriteAllTextAsync(_file, "");
        Assert.Contains($"the file '{_file}' is empty.", (await signer.FailAsync()).Message, StringComparison.Ordinal);
        await File.WriteAllTextAsync(_file, "canary");
        TokenRequestException bad = await signer.FailAsync();
        Assert.Contains("is not a private key in PEM, JWK or PKCS#12 format, or its password is wrong", bad.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", bad.ToString(), StringComparison.Ordinal);
        await File.WriteAllTextAsync(_file, key.ExportPkcs8PrivateKeyPem());
        Assert.True((await signer.SignAsync()).IsBy(key));
        Assert.Single(signer.Forms);
    }

    public static TheoryData<string, string?, string> Mistakes => new()
    {
        { "public", null, ":PrivateKey is a public key or a certificate, not a private key" },
        { "public jwk", null, ":PrivateKey is a public key, not a private key" },
        { "secret jwk", null, ":PrivateKey is a secret, not a private key" },
        { "short RSA", null, ":PrivateKey is too short: RSA keys need 2048 bits, and this one has 1024" },
        { "P-256", "PS256", ":PrivateKey does not support PS256: it is an EC key of 256 bits" },
        { "P-256", "ES384", ":PrivateKey does not support ES384: it is an EC key of 256 bits" },
        { "RSA", "ES256", ":PrivateKey does not support ES256: it is an RSA key of 2048 bits" },
        { "P-256", "none", ":KeyAlgorithm must be one of PS256, PS384, PS512, ES256, ES384, ES512, RS256, EdDSA" },
        { "P-256", "HS256", ":KeyAlgorithm must be one of PS256" },
        { "P-256", "RS512", ":KeyAlgorithm must be one of PS256" },
        { "garbage", null, ":PrivateKey is not a private key in PEM, JWK or PKCS#12" },
        { "garbage pem", null, ":PrivateKey is not a private key in PEM, JWK or PKCS#12" },
        { "garbage jwk", null, ":PrivateKey is not a valid JWK of a supported type and curve" },
        { "encrypted", null, ":PrivateKey is encrypted. Set PrivateKeyPassword" },
        { "not encrypted", null, ":PrivateKey is not encrypted, but PrivateKeyPassword is set" },
        { "ed25519", null, ":PrivateKey is an Ed25519 key, which .NET does not support. Use a signer" },
        { "ed25519 version 2", null, ":PrivateKey is an Ed25519 key, which .NET does not support. Use a signer" },
        { "secp256k1", null, ":PrivateKey has a type or curve that is not supported" },
        { "wrong password", null, ":PrivateKey is not a private key in PEM, JWK or PKCS#12 format, or its password is wrong" },
    };

    [Theory]
    [Trait("Req", "R-143")]
    [Trait("Req", "R-222")]
    [MemberData(nameof(Mistakes))]
    public void A_key_that_cannot_sign_is_an_error_at_start_that_quotes_nothing_of_it(string kind, string? algorithm, string problem)
    {
        using RSA shortKey = RSA.Create(1024);
        using AsymmetricAlgorithm key = Create(kind.StartsWith("RSA", StringComparison.Ordinal) ? "RSA" : "P-256");
        string text = kind switch
        {
            "public" => key.ExportSubjectPublicKeyInfoPem(),
            "public jwk" => """{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}""",
            "secret jwk" => """{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ"}""",
            "short RSA" => shortKey.ExportPkcs8PrivateKeyPem(),
            "garbage" => "canary",
            "garbage pem" => "-----BEGIN PRIVATE KEY-----\nY2FuYXJ5\n-----END PRIVATE KEY-----",
            "garbage jwk" => """{"kty":"EC","crv":"P-256","x":"canary","y":"canary","d":"canary"}""",
            "ed25519" => "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----",
            "ed25519 version 2" => "-----BEGIN PRIVATE KEY-----\nMC4CAQEwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----",
            "secp256k1" => ECDsa.Create(ECCurve.CreateFromValue("1.3.132.0.10")).ExportPkcs8PrivateKeyPem(),
            "encrypted" or "wrong password" => key.ExportEncryptedPkcs8PrivateKeyPem("pass", new PbeParameters(PbeEncryptionAlgorithm.Aes128Cbc, HashAlgorithmName.SHA256, 1000)),
            _ => key.ExportPkcs8PrivateKeyPem(),
        };
        using Signer signer = new(options => (options.PrivateKey, options.KeyAlgorithm, options.PrivateKeyPassword) = (text, algorithm, kind is "wrong password" or "not encrypted" ? "other" : null));
        string failure = signer.Start();
        Assert.Contains($"ClientCredentials:0{problem}", failure, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", failure, StringComparison.Ordinal);
        Assert.All(text.Split('\n').Where(line => line.Length > 20 && !line.StartsWith('-')), line => Assert.DoesNotContain(line, failure, StringComparison.Ordinal));
    }

    [Fact]
    [Trait("Req", "R-140")]
    public void Without_an_issuer_there_is_no_audience_and_the_error_says_what_to_set()
    {
        using AsymmetricAlgorithm key = Create("P-256");
        using Signer signer = new(options => (options.PrivateKey, options.Authority) = (key.ExportPkcs8PrivateKeyPem(), null));
        Assert.Contains("ClientCredentials:0:Authority is missing: the issuer is the aud of assertions", signer.Start(), StringComparison.Ordinal);
    }

    internal static AsymmetricAlgorithm Create(string kind) => kind switch
    {
        "P-256" => ECDsa.Create(ECCurve.NamedCurves.nistP256),
        "P-384" => ECDsa.Create(ECCurve.NamedCurves.nistP384),
        "P-521" => ECDsa.Create(ECCurve.NamedCurves.nistP521),
        _ => RSA.Create(2048),
    };

    private static byte[] Write(AsymmetricAlgorithm key, string form)
    {
        using X509Certificate2 certificate = Certificate(key);
        return form switch
        {
            "encrypted" => Text(key.ExportEncryptedPkcs8PrivateKeyPem("pass", new PbeParameters(PbeEncryptionAlgorithm.Aes128Cbc, HashAlgorithmName.SHA256, 1000))),
            "traditional" => Text(key is ECDsa ec ? ec.ExportECPrivateKeyPem() : ((RSA)key).ExportRSAPrivateKeyPem()),
            "jwk" => Text(Jwk(key)),
            "pkcs12" => certificate.Export(X509ContentType.Pfx, "pass"),
            "with certificate" => Text(certificate.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem()),
            _ => Text(key.ExportPkcs8PrivateKeyPem()),
        };
    }

    private static byte[] Text(string text) => System.Text.Encoding.UTF8.GetBytes(text);

    private static string Jwk(AsymmetricAlgorithm key)
    {
        JsonWebKey jwk = key is ECDsa ec ? JsonWebKeyConverter.ConvertFromECDsaSecurityKey(new ECDsaSecurityKey(ec)) : JsonWebKeyConverter.ConvertFromRSASecurityKey(new RsaSecurityKey(((RSA)key).ExportParameters(true)));
        (string, string?)[] members = [("kty", jwk.Kty), ("crv", jwk.Crv), ("x", jwk.X), ("y", jwk.Y), ("d", jwk.D), ("n", jwk.N), ("e", jwk.E), ("p", jwk.P), ("q", jwk.Q), ("dp", jwk.DP), ("dq", jwk.DQ), ("qi", jwk.QI), ("kid", "of-the-jwk")];
        return $"{{{string.Join(',', members.Where(member => member.Item2 is not null).Select(member => $"\"{member.Item1}\":\"{member.Item2}\""))}}}";
    }

    private static X509Certificate2 Certificate(AsymmetricAlgorithm key)
    {
        CertificateRequest request = key is ECDsa ec ? new("CN=shop", ec, HashAlgorithmName.SHA256) : new("CN=shop", (RSA)key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        return request.CreateSelfSigned(new DateTimeOffset(2000, 1, 1, 0, 0, 0, TimeSpan.Zero), new DateTimeOffset(2100, 1, 1, 0, 0, 0, TimeSpan.Zero));
    }
}
