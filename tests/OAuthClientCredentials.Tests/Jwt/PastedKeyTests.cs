using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Jwt;

/// <summary>Private keys as people paste them into an option or a file, and what the error says if they cannot work.</summary>
public sealed class PastedKeyTests : IDisposable
{
    private const string Password = "canary-password";

    private readonly TemporaryFile _file = new("");
    private readonly ECDsa _ec = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly ECDsa _other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly RSA _rsa = RSA.Create(2048);

    /// <summary>The paste and a part of the message, from which the option is left out.</summary>
    public static TheoryData<string, string> Mistakes => new()
    {
        { "path", "is not a private key in PEM, JWK or PKCS#12 format. It seems to be the path of a file. Set PrivateKeyFile to it" },
        { "Windows path", "It seems to be the path of a file. Set PrivateKeyFile to it" },
        { "text", "is not a private key in PEM, JWK or PKCS#12 format. Check that it is complete" },
        { "Base64 of text", "is not a private key in PEM, JWK or PKCS#12 format. Check that it is complete" },
        { "first line", "is not complete PEM. It needs its BEGIN line, its END line and all lines between them" },
        { "without last line", "is not complete PEM. It needs its BEGIN line, its END line and all lines between them" },
        { "two keys", "is one of 2 private keys. Keep one" },
        { "Base64 of a public key", "is a public key or a certificate, not a private key. Use the private key" },
        { "Base64 of a certificate", "is a public key or a certificate, not a private key. Use the private key" },
        { "key set of two", "is a key set of 2 private keys. Set KeyId to the kid of one of them" },
        { "key set of public keys", "is a key set without a private key. Use the private key" },
        { "n, e and d of two keys", "is an RSA JWK whose n, e and d do not belong together" },
        { "JSON", "is not a valid JWK" },
        { "old encryption", "is encrypted in the old format (Proc-Type: 4,ENCRYPTED), which .NET does not support. Convert it with" },
        { "OpenSSH", "is in the format of OpenSSH, which .NET does not support. Convert it with" },
        { "Ed25519", "is an Ed25519 key, which .NET does not support. Use an RSA or EC key" },
        { "Ed25519 JWK", "is an Ed25519 key, which .NET does not support. Use an RSA or EC key" },
        { "encrypted DER", "is encrypted. Set PrivateKeyPassword" },
        { "PKCS#12 without password", "is PKCS#12 with a password. Set PrivateKeyPassword" },
        { "PKCS#12 with wrong password", "is PKCS#12 with another password. Correct PrivateKeyPassword" },
        { "PKCS#12 without key", "is a certificate without an RSA or EC private key. Use a certificate together with its private key" },
        { "password for PEM", "is not encrypted, but PrivateKeyPassword is set. Remove PrivateKeyPassword" },
        { "password for DER", "is not encrypted, but PrivateKeyPassword is set. Remove PrivateKeyPassword" },
        { "password for a JWK", "is a JWK, which is not encrypted, but PrivateKeyPassword is set. Remove PrivateKeyPassword" },
    };

    public void Dispose()
    {
        _file.Dispose();
        _ec.Dispose();
        _other.Dispose();
        _rsa.Dispose();
    }

    [Theory]
    [Trait("Req", "R-354")]
    [InlineData("escaped line breaks")]
    [InlineData("escaped Windows line breaks")]
    [InlineData("quotation marks")]
    [InlineData("quotation marks and escaped line breaks")]
    [InlineData("single quotation marks")]
    [InlineData("spaces for line breaks")]
    [InlineData("no line breaks")]
    [InlineData("member of a JSON document")]
    [InlineData("Base64 of PEM")]
    [InlineData("Base64 of PKCS#8")]
    [InlineData("Base64 of PKCS#8 with line breaks")]
    [InlineData("Base64 of SEC 1")]
    [InlineData("Base64 of encrypted PKCS#8")]
    [InlineData("Base64 of PKCS#12")]
    [InlineData("Base64 of JWK")]
    [InlineData("JWK in quotation marks")]
    [InlineData("escaped JWK")]
    [InlineData("key set of one")]
    [InlineData("key set of two with KeyId")]
    [InlineData("key set with public keys")]
    [InlineData("private and public key")]
    public async Task Key_as_people_paste_it_signs(string paste)
    {
        string text = Encoding.UTF8.GetString(Paste(paste));
        await using AssertionClient client = new(options => Configure(options, paste).PrivateKey = text);
        Assert.Empty(client.Provider.ValidateOnStart());
        Assert.True((await client.SignAsync()).IsSignedBy(_ec));
    }

    [Theory]
    [Trait("Req", "R-354")]
    [InlineData("PKCS#8 in DER")]
    [InlineData("SEC 1 in DER")]
    [InlineData("encrypted PKCS#8 in DER")]
    [InlineData("UTF-8 with byte order mark")]
    [InlineData("UTF-16 of PowerShell")]
    [InlineData("Base64 of PKCS#12")]
    public async Task File_as_tools_write_it_signs(string paste)
    {
        await File.WriteAllBytesAsync(_file.Path, Paste(paste));
        await using AssertionClient client = new(options => Configure(options, paste).PrivateKeyFile = _file.Path);
        Assert.Empty(client.Provider.ValidateOnStart());
        Assert.True((await client.SignAsync()).IsSignedBy(_ec));
    }

    [Theory]
    [Trait("Req", "R-354")]
    [InlineData("n", "e", "d")]
    [InlineData("n", "e", "d", "p", "q")]
    public async Task RSA_JWK_without_its_optional_members_signs(params string[] members)
    {
        string jwk = TestKeys.RsaJwk(_rsa, members);
        await using AssertionClient client = new(options => options.PrivateKey = jwk);
        Assert.Empty(client.Provider.ValidateOnStart());
        Assert.True((await client.SignAsync()).IsSignedBy(_rsa));
    }

    [Fact]
    [Trait("Req", "R-354")]
    public async Task RSA_key_in_DER_or_for_PSS_only_signs()
    {
        foreach (string text in new[] { TestKeys.RsaPssPem(_rsa), Convert.ToBase64String(_rsa.ExportRSAPrivateKey()) })
        {
            await using AssertionClient client = new(options => options.PrivateKey = text);
            Assert.Empty(client.Provider.ValidateOnStart());
            DecodedAssertion assertion = await client.SignAsync();
            Assert.Equal(("PS256", true), (assertion.Algorithm, assertion.IsSignedBy(_rsa)));
        }
    }

    [Theory]
    [Trait("Req", "R-222")]
    [Trait("Req", "R-354")]
    [MemberData(nameof(Mistakes))]
    public async Task Key_that_cannot_work_is_an_error_that_names_the_mistake(string paste, string problem)
    {
        string text = Encoding.UTF8.GetString(Paste(paste));
        await using AssertionClient client = new(options => Configure(options, paste).PrivateKey = text);
        string failure = Assert.Single(client.Provider.ValidateOnStart());
        Assert.StartsWith("Client '0': PrivateKey is ", failure, StringComparison.Ordinal);
        Assert.Contains(problem, failure, StringComparison.Ordinal);
        IEnumerable<string> lines = text.Split('\n').Where(line => line.Length > 20 && line[0] != '-' && line[..4] != "Proc");
        Assert.All(lines.Append("canary"), line => Assert.DoesNotContain(line, failure, StringComparison.Ordinal));
    }

    [Theory]
    [Trait("Req", "R-222")]
    [Trait("Req", "R-354")]
    [InlineData("PEM")]
    [InlineData("Base64 of PKCS#8")]
    [InlineData("Ed25519 JWK")]
    public async Task Key_in_the_option_for_its_path_is_not_in_the_error(string paste)
    {
        string text = Encoding.UTF8.GetString(Paste(paste));
        await using AssertionClient client = new(options => options.PrivateKeyFile = text);
        TokenRequestException exception = await client.FailAsync();
        Assert.Contains("must be the path of a file, but its value seems to be the content", exception.Message, StringComparison.Ordinal);
        Assert.Contains("ClientCredentials:0:PrivateKeyFile", exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(text[10..50], exception.ToString(), StringComparison.Ordinal);
        Assert.False(exception.IsTransient);
    }

    private static ClientCredentialsOptions Configure(ClientCredentialsOptions options, string paste)
    {
        if (paste.Contains("wrong", StringComparison.Ordinal))
        {
            options.PrivateKeyPassword = "another";
        }
        else if (paste.StartsWith("password", StringComparison.Ordinal) || paste.Contains("encrypted PKCS#8", StringComparison.Ordinal)
            || paste.EndsWith("of PKCS#12", StringComparison.Ordinal) || paste == "PKCS#12 without key")
        {
            options.PrivateKeyPassword = Password;
        }

        options.KeyId = paste.EndsWith("KeyId", StringComparison.Ordinal) ? "own" : null;
        return options;
    }

    private byte[] Paste(string paste)
    {
        string pem = _ec.ExportPkcs8PrivateKeyPem();
        string jwk = TestKeys.EcJwk(_ec, "own");
        return paste switch
        {
            "PKCS#8 in DER" => _ec.ExportPkcs8PrivateKey(),
            "SEC 1 in DER" => _ec.ExportECPrivateKey(),
            "encrypted PKCS#8 in DER" => Encrypted(),
            "UTF-8 with byte order mark" => [.. Encoding.UTF8.Preamble, .. Encoding.UTF8.GetBytes(pem)],
            "UTF-16 of PowerShell" => [.. Encoding.Unicode.Preamble, .. Encoding.Unicode.GetBytes(pem)],
            _ => Encoding.UTF8.GetBytes(PasteOf(paste, pem) ?? PasteInBase64(paste, pem, jwk) ?? PasteOfJson(paste, jwk)),
        };
    }

    private string? PasteOf(string paste, string pem) => paste switch
    {
        "PEM" or "password for PEM" => pem,
        "escaped line breaks" => pem.Replace("\n", "\\n", StringComparison.Ordinal),
        "escaped Windows line breaks" => pem.Replace("\n", "\\r\\n", StringComparison.Ordinal),
        "quotation marks" => $"\"{pem}\"",
        "quotation marks and escaped line breaks" => $" \"{pem.Replace("\n", "\\n", StringComparison.Ordinal)}\\n\"\n",
        "single quotation marks" => $"'{pem}'",
        "spaces for line breaks" => pem.Replace('\n', ' '),
        "no line breaks" => pem.Replace("\n", "", StringComparison.Ordinal),
        "private and public key" => $"{_ec.ExportSubjectPublicKeyInfoPem()}\n{pem}",
        "first line" => pem.Split('\n')[0],
        "without last line" => pem[..pem.IndexOf("-----END", StringComparison.Ordinal)],
        "two keys" => $"{pem}\n{_other.ExportPkcs8PrivateKeyPem()}",
        "old encryption" => TestKeys.OldEncryptedPem,
        "OpenSSH" => TestKeys.OpenSshPem,
        "Ed25519" => TestKeys.Ed25519Pem,
        "path" => "/run/secrets/canary",
        "Windows path" => "canary\\shop.pem",
        "text" => "canary",
        _ => null,
    };

    private string? PasteInBase64(string paste, string pem, string jwk) => paste switch
    {
        "Base64 of PEM" => Convert.ToBase64String(Encoding.UTF8.GetBytes(pem)),
        "Base64 of PKCS#8" or "password for DER" => Convert.ToBase64String(_ec.ExportPkcs8PrivateKey()),
        "Base64 of PKCS#8 with line breaks" =>
            Convert.ToBase64String(_ec.ExportPkcs8PrivateKey(), Base64FormattingOptions.InsertLineBreaks),
        "Base64 of SEC 1" => Convert.ToBase64String(_ec.ExportECPrivateKey()),
        "Base64 of encrypted PKCS#8" or "encrypted DER" => Convert.ToBase64String(Encrypted()),
        "Base64 of PKCS#12" or "PKCS#12 without password" or "PKCS#12 with wrong password" => Convert.ToBase64String(Pkcs12(true)),
        "PKCS#12 without key" => Convert.ToBase64String(Pkcs12(false)),
        "Base64 of JWK" => Convert.ToBase64String(Encoding.UTF8.GetBytes(jwk)),
        "Base64 of text" => Convert.ToBase64String("canary"u8),
        "Base64 of a public key" => Convert.ToBase64String(_ec.ExportSubjectPublicKeyInfo()),
        "Base64 of a certificate" => Convert.ToBase64String(Certificate().RawData),
        _ => null,
    };

    private string PasteOfJson(string paste, string jwk) => paste switch
    {
        "member of a JSON document" =>
            $$"""{"type":"key","key":"{{_ec.ExportPkcs8PrivateKeyPem().Replace("\n", "\\n", StringComparison.Ordinal)}}\n"}""",
        "JWK in quotation marks" => $"'{jwk}'",
        "escaped JWK" => $"\"{jwk.Replace("\"", "\\\"", StringComparison.Ordinal)}\"",
        "password for a JWK" => jwk,
        "key set of one" => $$"""{"keys":[{{jwk}}]}""",
        "key set of two with KeyId" or "key set of two" => $$"""{"keys":[{{TestKeys.EcJwk(_other, "other")}},{{jwk}}]}""",
        "key set with public keys" => $$"""{"keys":[{{TestKeys.RsaJwk(_rsa, "n", "e")}},{{jwk}}]}""",
        "key set of public keys" => $$"""{"keys":[{{TestKeys.RsaJwk(_rsa, "n", "e")}}]}""",
        "n, e and d of two keys" => TestKeys.RsaJwk(_rsa, "n", "e").Replace("}", ",\"d\":\"AQAD\"}", StringComparison.Ordinal),
        "Ed25519 JWK" => TestKeys.Ed25519Jwk,
        "JSON" => """{"key":"canary"}""",
        _ => throw new ArgumentOutOfRangeException(nameof(paste), paste, "unknown"),
    };

    private byte[] Encrypted() => _ec.ExportEncryptedPkcs8PrivateKey(Password, TestKeys.Encryption);

    private byte[] Pkcs12(bool hasKey)
    {
        using X509Certificate2 certificate = Certificate();
        using X509Certificate2 open = X509CertificateLoader.LoadCertificate(certificate.RawData);
        return (hasKey ? certificate : open).Export(X509ContentType.Pfx, Password)!;
    }

    private X509Certificate2 Certificate() =>
        new CertificateRequest("CN=shop", _ec, HashAlgorithmName.SHA256)
            .CreateSelfSigned(Certificates.Start.AddDays(-1), Certificates.Start.AddDays(30));
}
