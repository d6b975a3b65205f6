using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Microsoft.IdentityModel.Tokens;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Jwt;

/// <summary>The formats and algorithms of signing keys, and the errors of keys that cannot sign.</summary>
public sealed class SigningKeyTests : IDisposable
{
    private static readonly PbeParameters Encryption = new(PbeEncryptionAlgorithm.Aes128Cbc, HashAlgorithmName.SHA256, 1000);

    // What follows the version in PKCS#8.
    private const string Ed25519 = "wBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC";

    private readonly TemporaryFile _file = new("");

    /// <summary>The key, its KeyAlgorithm, the option that the message names, and a part of the message.</summary>
    public static TheoryData<string, string?, string, string> Mistakes => new()
    {
        { "public", null, "PrivateKey", "private" },
        { "public jwk", null, "PrivateKey", "private" },
        { "secret jwk", null, "PrivateKey", "is a secret" },
        { "short RSA", null, "PrivateKey", "1024" },
        { "P-256", "PS256", "PrivateKey", "PS256: it is an EC key of 256 bits" },
        { "P-256", "ES384", "PrivateKey", "ES384: it is an EC key of 256 bits" },
        { "RSA", "ES256", "PrivateKey", "ES256: it is an RSA key of 2048 bits" },
        { "P-256", "none", "KeyAlgorithm", "must be one of PS256, PS384, PS512, ES256, ES384, ES512, RS256, EdDSA" },
        { "P-256", "HS256", "KeyAlgorithm", "must be one of PS256" },
        { "P-256", "RS512", "KeyAlgorithm", "must be one of PS256" },
        { "garbage", null, "PrivateKey", "PEM, JWK or PKCS#12" },
        { "garbage pem", null, "PrivateKey", "is damaged" },
        { "garbage jwk", null, "PrivateKey", "is " },
        { "encrypted", null, "PrivateKey", "is encrypted. Set PrivateKeyPassword" },
        { "not encrypted", null, "PrivateKey", "is not encrypted, but PrivateKeyPassword is set" },
        { "ed25519", null, "PrivateKey", "is an Ed25519 key" },
        { "ed25519 version 2", null, "PrivateKey", "is an Ed25519 key" },
        { "secp256k1", null, "PrivateKey", "curve" },
        { "wrong password", null, "PrivateKey", "cannot be decrypted: PrivateKeyPassword is wrong" },
    };

    public void Dispose() => _file.Dispose();

    [Theory]
    [Trait("Req", "R-143")]
    [InlineData("P-256", null, "ES256", 64)]
    [InlineData("P-256", "ES256", "ES256", 64)]
    [InlineData("P-384", null, "ES384", 96)]
    [InlineData("P-384", "ES384", "ES384", 96)]
    [InlineData("P-521", null, "ES512", 132)]
    [InlineData("P-521", "ES512", "ES512", 132)]
    [InlineData("RSA", null, "PS256", 256)]
    [InlineData("RSA", "PS256", "PS256", 256)]
    [InlineData("RSA", "PS384", "PS384", 256)]
    [InlineData("RSA", "PS512", "PS512", 256)]
    [InlineData("RSA", "RS256", "RS256", 256)]
    public async Task Key_signs_with_each_of_its_algorithms(string kind, string? configured, string algorithm, int length)
    {
        using AsymmetricAlgorithm key = Create(kind);
        await using AssertionClient client =
            new(options => (options.PrivateKey, options.KeyAlgorithm) = (key.ExportPkcs8PrivateKeyPem(), configured));
        DecodedAssertion assertion = await client.SignAsync();
        Assert.True(assertion.IsSignedBy(key));

        // r and s, not DER.
        Assert.Equal((algorithm, length), (assertion.Algorithm, assertion.Signature.Length));
    }

    [Theory]
    [Trait("Req", "R-145")]
    [InlineData("pkcs8")]
    [InlineData("encrypted")]
    [InlineData("traditional")]
    [InlineData("jwk")]
    [InlineData("pkcs12")]
    [InlineData("with certificate")]
    public async Task File_may_hold_the_key_in_any_common_format(string format)
    {
        foreach (string kind in new[] { "P-256", "RSA" })
        {
            using AsymmetricAlgorithm key = Create(kind);
            await File.WriteAllBytesAsync(_file.Path, Write(key, format));
            string? password = format is "encrypted" or "pkcs12" ? "pass" : null;
            await using AssertionClient client =
                new(options => (options.PrivateKeyFile, options.PrivateKeyPassword) = (_file.Path, password));
            Assert.Empty(client.Provider.ValidateOnStart());
            DecodedAssertion assertion = await client.SignAsync();
            Assert.True(assertion.IsSignedBy(key));
            Assert.Equal(format == "jwk", assertion.Header.TryGetProperty("kid", out JsonElement kid) && kid.GetString() == "of-the-jwk");
        }
    }

    [Theory]
    [Trait("Req", "R-145")]
    [InlineData("P-256")]
    [InlineData("RSA")]
    public async Task Certificate_of_the_client_signs_and_its_thumbprint_is_in_the_header(string kind)
    {
        using AsymmetricAlgorithm key = Create(kind);
        using X509Certificate2 certificate = Certificate(key);
        await using AssertionClient client = new(options =>
        {
            options.AuthenticationMethod = "private_key_jwt";
            options.UseCertificate(_ => new(certificate));
        });
        DecodedAssertion assertion = await client.SignAsync();
        Assert.True(assertion.IsSignedBy(key));
        string thumbprint = Base64UrlEncoder.Encode(certificate.GetCertHash(HashAlgorithmName.SHA256));
        Assert.Equal(thumbprint, assertion.Header.GetProperty("x5t#S256").GetString());
    }

    [Fact]
    [Trait("Req", "R-146")]
    [Trait("Req", "R-312")]
    public async Task File_is_read_for_each_request_and_a_problem_names_it()
    {
        using AsymmetricAlgorithm first = Create("P-256");
        using AsymmetricAlgorithm second = Create("RSA");
        await using AssertionClient client = new(options => options.PrivateKeyFile = _file.Path);
        _file.Dispose();
        Assert.Empty(client.Provider.ValidateOnStart());
        string missing = (await client.FailAsync()).Message;
        Assert.Contains($"'{_file.Path}' does not exist", missing, StringComparison.Ordinal);
        Assert.Contains("ClientCredentials:0:PrivateKeyFile", missing, StringComparison.Ordinal);
        _file.Write("");
        Assert.Contains($"'{_file.Path}' is empty", (await client.FailAsync()).Message, StringComparison.Ordinal);
        _file.Write("canary");
        TokenRequestException bad = await client.FailAsync();
        Assert.Contains("PEM, JWK or PKCS#12", bad.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", bad.ToString(), StringComparison.Ordinal);
        _file.Write(first.ExportPkcs8PrivateKeyPem());
        Assert.True((await client.SignAsync()).IsSignedBy(first));
        _file.Write(second.ExportPkcs8PrivateKeyPem());
        Assert.True((await client.SignAsync()).IsSignedBy(second));
        Assert.Equal(2, client.Forms.Count);
    }

    [Theory]
    [Trait("Req", "R-143")]
    [Trait("Req", "R-222")]
    [MemberData(nameof(Mistakes))]
    public async Task Key_that_cannot_sign_is_an_error_at_start_that_quotes_nothing_of_it(
        string kind,
        string? algorithm,
        string option,
        string problem)
    {
        using AsymmetricAlgorithm key = Create(kind);
        string text = Export(key, kind);
        await using AssertionClient client = new(options =>
        {
            (options.PrivateKey, options.KeyAlgorithm) = (text, algorithm);
            options.PrivateKeyPassword = kind is "wrong password" or "not encrypted" ? "other" : null;
        });
        string failure = string.Join('\n', client.Provider.ValidateOnStart());
        Assert.Contains($"Client '0': {option} ", failure, StringComparison.Ordinal);
        Assert.Contains(problem, failure, StringComparison.Ordinal);
        IEnumerable<string> lines = text.Split('\n').Where(line => line.Length > 20 && !line.StartsWith('-'));
        Assert.All(lines.Append("canary"), line => Assert.DoesNotContain(line, failure, StringComparison.Ordinal));
    }

    [Fact]
    [Trait("Req", "R-140")]
    public async Task Missing_issuer_is_an_error_because_it_is_the_audience()
    {
        using AsymmetricAlgorithm key = Create("P-256");
        await using AssertionClient client =
            new(options => (options.PrivateKey, options.Authority) = (key.ExportPkcs8PrivateKeyPem(), null));
        string failure = Assert.Single(client.Provider.ValidateOnStart());
        Assert.StartsWith("Client '0': Authority is missing", failure, StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Req", "R-140")]
    [Trait("Req", "R-341")]
    [InlineData("https+http://identity", null, 1)]
    [InlineData("HTTP+https://identity", "", 1)]
    [InlineData("https+http://identity", "https://id.example.com", 0)]
    public async Task Logical_authority_is_not_the_audience(string authority, string? audience, int problems)
    {
        using AsymmetricAlgorithm key = Create("P-256");
        await using AssertionClient client = new(options =>
            (options.PrivateKey, options.Authority, options.AssertionAudience) = (key.ExportPkcs8PrivateKeyPem(), authority, audience));
        string[] failures = client.Provider.ValidateOnStart();
        Assert.Equal(problems, failures.Length);
        Assert.All(failures, failure => Assert.StartsWith(
            "Client '0': AssertionAudience is missing, because Authority is a logical address",
            failure,
            StringComparison.Ordinal));
    }

    private static AsymmetricAlgorithm Create(string kind) => kind switch
    {
        "P-384" => ECDsa.Create(ECCurve.NamedCurves.nistP384),
        "P-521" => ECDsa.Create(ECCurve.NamedCurves.nistP521),
        "secp256k1" => ECDsa.Create(ECCurve.CreateFromValue("1.3.132.0.10")),
        "short RSA" => RSA.Create(1024),
        "RSA" => RSA.Create(2048),
        _ => ECDsa.Create(ECCurve.NamedCurves.nistP256),
    };

    private static string Export(AsymmetricAlgorithm key, string kind) => kind switch
    {
        "public" => key.ExportSubjectPublicKeyInfoPem(),
        "public jwk" => Jwk(key, isPublic: true),
        "secret jwk" => """{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ"}""",
        "garbage" => "canary",
        "garbage pem" => "-----BEGIN PRIVATE KEY-----\nY2FuYXJ5\n-----END PRIVATE KEY-----",
        "garbage jwk" => """{"kty":"EC","crv":"P-256","x":"canary","y":"canary","d":"canary"}""",
        "ed25519" => $"-----BEGIN PRIVATE KEY-----\nMC4CAQA{Ed25519}\n-----END PRIVATE KEY-----",
        "ed25519 version 2" => $"-----BEGIN PRIVATE KEY-----\nMC4CAQE{Ed25519}\n-----END PRIVATE KEY-----",
        "encrypted" or "wrong password" => key.ExportEncryptedPkcs8PrivateKeyPem("pass", Encryption),
        _ => key.ExportPkcs8PrivateKeyPem(),
    };

    private static byte[] Write(AsymmetricAlgorithm key, string format)
    {
        using X509Certificate2 certificate = Certificate(key);
        return format switch
        {
            "encrypted" => Encoding.UTF8.GetBytes(key.ExportEncryptedPkcs8PrivateKeyPem("pass", Encryption)),
            "traditional" => Encoding.UTF8.GetBytes(key is ECDsa ec ? ec.ExportECPrivateKeyPem() : ((RSA)key).ExportRSAPrivateKeyPem()),
            "jwk" => Encoding.UTF8.GetBytes(Jwk(key, isPublic: false)),
            "pkcs12" => certificate.Export(X509ContentType.Pfx, "pass"),
            "with certificate" => Encoding.UTF8.GetBytes(certificate.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem()),
            _ => Encoding.UTF8.GetBytes(key.ExportPkcs8PrivateKeyPem()),
        };
    }

    private static string Jwk(AsymmetricAlgorithm key, bool isPublic)
    {
        SecurityKey source = key is ECDsa ec ? new ECDsaSecurityKey(ec) : new RsaSecurityKey(((RSA)key).ExportParameters(true));
        JsonWebKey jwk = JsonWebKeyConverter.ConvertFromSecurityKey(source);
        List<(string Name, string? Value)> members =
            [("kty", jwk.Kty), ("crv", jwk.Crv), ("x", jwk.X), ("y", jwk.Y), ("n", jwk.N), ("e", jwk.E), ("kid", "of-the-jwk")];
        if (!isPublic)
        {
            members.AddRange([("d", jwk.D), ("p", jwk.P), ("q", jwk.Q), ("dp", jwk.DP), ("dq", jwk.DQ), ("qi", jwk.QI)]);
        }

        members.RemoveAll(member => member.Value is null);
        return $"{{{string.Join(',', members.Select(member => $"\"{member.Name}\":\"{member.Value}\""))}}}";
    }

    private static X509Certificate2 Certificate(AsymmetricAlgorithm key)
    {
        CertificateRequest request = key switch
        {
            ECDsa ec => new("CN=shop", ec, HashAlgorithmName.SHA256),
            _ => new("CN=shop", (RSA)key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1),
        };
        return request.CreateSelfSigned(Certificates.Start.AddYears(-20), Certificates.Start.AddYears(20));
    }
}
