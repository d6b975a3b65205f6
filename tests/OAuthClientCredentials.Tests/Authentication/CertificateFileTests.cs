using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using OAuthClientCredentials.Authentication;
using OAuthClientCredentials.Tests.Infrastructure;
using OAuthClientCredentials.Tests.Jwt;
using OAuthClientCredentials.Transport;

namespace OAuthClientCredentials.Tests.Authentication;

/// <summary>Certificate files as people write them, and what the error says if they cannot work.</summary>
public sealed class CertificateFileTests : IDisposable
{
    private const string Password = "canary-password";

    // Its key is of no use: .NET does not read it.
    private const string Ed25519Certificate = "-----BEGIN CERTIFICATE-----\n"
            + "MIIBLjCB4aADAgECAhQ3A27dWpi16MYyrNyI8wN8raeJJTAFBgMrZXAwDTELMAkGA1UEAwwCZWQwHhcNMjYxMTI2MDgxMzQ2WhcN"
            + "MjcwOTIyMDgxMzQ2WjANMQswCQYDVQQDDAJlZDAqMAUGAytlcAMhANF4Kv8/GVwpw0y+67RBuZfEinYp9pl6gOfrKPpbrFMbo1Mw"
            + "UTAdBgNVHQ4EFgQUmMW+7l9ah/pbRXr4O1SaaQSb8tMwHwYDVR0jBBgwFoAUmMW+7l9ah/pbRXr4O1SaaQSb8tMwDwYDVR0TAQH/"
            + "BAUwAwEB/zAFBgMrZXADQQAX32Qt+vXP1WmIfE/e0NT+Zg6poD3BMMmHL8G4rZvjThVmKlMsb6ylswNcFORNuDiocSr5Lt0vHMd3"
            + "zGzLwjME"
            + "\n-----END CERTIFICATE-----";

    private readonly TemporaryFile _file = new("");
    private readonly TemporaryFile _keyFile = new("");
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 _intermediate;
    private readonly X509Certificate2 _leaf;

    public CertificateFileTests()
    {
        _intermediate = Certificates.Create("intermediate");
        byte[] serial = [1, 2, 3];
        _leaf = new CertificateRequest("CN=shop", _key, HashAlgorithmName.SHA256).Create(
            _intermediate.SubjectName,
            X509SignatureGenerator.CreateForECDsa(_intermediate.GetECDsaPrivateKey()!),
            Certificates.Start.AddDays(-1),
            Certificates.Start.AddDays(30),
            serial);
    }

    private string LeafPem => _leaf.ExportCertificatePem();

    private string IntermediatePem => _intermediate.ExportCertificatePem();

    private string KeyPem => _key.ExportPkcs8PrivateKeyPem();

    private string EncryptedKeyPem => _key.ExportEncryptedPkcs8PrivateKeyPem(Password, TestKeys.Encryption);

    /// <summary>The content, the option that the message names at its end, and a part of the message after the file.</summary>
    public static TheoryData<string, string, string> Mistakes => new()
    {
        { "password for PEM", "File", "contains a private key that is not encrypted, but {password} is set. Remove {password}" },
        { "password for a key file", "KeyFile", "contains a private key that is not encrypted, but {password} is set. Remove {password}" },
        { "encrypted PEM without password", "File", "contains a private key that is encrypted. Set {password}" },
        { "encrypted PEM, wrong", "File", "contains a private key that cannot be decrypted: {password} is wrong, or" },
        { "old encryption", "File", "contains a private key that is encrypted in the old format (Proc-Type: 4,ENCRYPTED)" },
        { "OpenSSH", "KeyFile", "contains a private key that is in the format of OpenSSH" },
        { "Ed25519", "File", "contains a private key that is an Ed25519 key, which .NET does not support" },
        { "Ed25519 certificate", "File", "contains a certificate with an Ed25519 key, which .NET does not support" },
        { "two keys", "File", "contains a private key that is one of 2 private keys. Keep one" },
        { "two certificates without the leaf", "File", "contains no certificate that fits the private key" },
        { "damaged certificate", "File", "contains a damaged certificate" },
        { "certificate in the key file", "KeyFile", "contains no private key in PEM. Add it, or set {keyFile} to the file" },
        { "PKCS#12 without password", "File", "is PKCS#12 with a password. Set {password}" },
        { "PKCS#12 without key", "File", "contains no private key. Export the certificate together with its key" },
    };

    public void Dispose()
    {
        _file.Dispose();
        _keyFile.Dispose();
        _key.Dispose();
        _intermediate.Dispose();
        _leaf.Dispose();
    }

    [Theory]
    [Trait("Req", "R-354")]
    [InlineData("leaf before intermediate")]
    [InlineData("intermediate before leaf")]
    [InlineData("key between the certificates")]
    [InlineData("encrypted key")]
    [InlineData("escaped line breaks")]
    [InlineData("Base64 of PEM")]
    [InlineData("PKCS#12")]
    [InlineData("Base64 of PKCS#12")]
    [InlineData("key file in DER")]
    [InlineData("key file in Base64")]
    public async Task Leaf_is_the_certificate_that_fits_the_key(string kind)
    {
        TlsCertificate read = await ReadAsync(kind);
        Assert.Equal((_leaf.Thumbprint, true), (read.Certificate.Thumbprint, read.Certificate.HasPrivateKey));
        Assert.Equal([_intermediate.Thumbprint], read.Intermediates.Select(certificate => certificate.Thumbprint));
    }

    [Theory]
    [Trait("Req", "R-222")]
    [Trait("Req", "R-354")]
    [MemberData(nameof(Mistakes))]
    public async Task File_that_cannot_work_is_an_error_that_names_the_mistake(string kind, string option, string problem)
    {
        TokenRequestException exception = await Assert.ThrowsAsync<TokenRequestException>(() => ReadAsync(kind));
        string file = option == "File" ? _file.Path : _keyFile.Path;
        string filled = problem
            .Replace("{password}", "ClientCredentials:orders:CertificatePassword", StringComparison.Ordinal)
            .Replace("{keyFile}", "ClientCredentials:orders:CertificateKeyFile", StringComparison.Ordinal);
        string start = $"Client 'orders' could not get a token: the file '{file}' {filled}";
        Assert.StartsWith(start, exception.Message, StringComparison.Ordinal);
        Assert.EndsWith($". See ClientCredentials:orders:Certificate{option}.", exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", exception.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(KeyPem[60..100], exception.ToString(), StringComparison.Ordinal);
        Assert.True(exception.IsTransient);
    }

    [Fact]
    [Trait("Req", "R-354")]
    public async Task Missing_file_a_directory_and_a_lack_of_permission_are_told_apart()
    {
        _keyFile.Dispose();
        Assert.Contains($"'{_keyFile.Path}' does not exist. ", await FailAsync(_keyFile.Path), StringComparison.Ordinal);
        string inNoFolder = Path.Combine(_keyFile.Path, "tls.pem");
        Assert.Contains($"'{inNoFolder}' does not exist. ", await FailAsync(inNoFolder), StringComparison.Ordinal);
        string folder = Path.GetTempPath();
        Assert.Contains($"'{folder}' is a directory. ", await FailAsync(folder), StringComparison.Ordinal);
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        // An administrator may read every file, except those that only the kernel reads.
        string secret = _file.Path;
        File.SetUnixFileMode(secret, UnixFileMode.None);
        if (Environment.IsPrivilegedProcess)
        {
            secret = "/proc/sys/vm/drop_caches";
        }

        string problem = $"'{secret}' cannot be read: the process does not have permission. ";
        Assert.Contains(problem, await FailAsync(secret), StringComparison.Ordinal);
    }

    private static async Task<string> FailAsync(string path)
    {
        ClientContext client = new("orders", "shop");
        TokenRequestException exception = await Assert.ThrowsAsync<TokenRequestException>(
            async () => await client.ReadCredentialFileAsync(path, "CertificateFile", CancellationToken.None));
        Assert.True(exception.IsTransient);
        return exception.Message;
    }

    private async Task<TlsCertificate> ReadAsync(string kind)
    {
        await File.WriteAllBytesAsync(_file.Path, Content(kind));
        ClientCredentialsOptions options = new() { CertificateFile = _file.Path };
        if (KeyContent(kind) is { } key)
        {
            await File.WriteAllBytesAsync(_keyFile.Path, key);
            options.CertificateKeyFile = _keyFile.Path;
        }

        options.CertificatePassword = kind switch
        {
            "encrypted PEM, wrong" => "another",
            "encrypted key" or "PKCS#12" or "Base64 of PKCS#12" or "PKCS#12 without key" => Password,
            _ when kind.StartsWith("password", StringComparison.Ordinal) => Password,
            _ => null,
        };
        return await new ClientCertificate(new("orders", "shop"), options).GetAsync(Certificates.Start, CancellationToken.None);
    }

    private byte[] Content(string kind) => kind switch
    {
        "PKCS#12" or "PKCS#12 without password" => Pkcs12(hasKey: true),
        "PKCS#12 without key" => Pkcs12(hasKey: false),
        "Base64 of PKCS#12" => Encoding.ASCII.GetBytes(Convert.ToBase64String(Pkcs12(hasKey: true))),
        _ => Encoding.ASCII.GetBytes(Text(kind)),
    };

    private string Text(string kind) => kind switch
    {
        "leaf before intermediate" or "password for PEM" => $"{LeafPem}\n{IntermediatePem}\n{KeyPem}",
        "key between the certificates" => $"{IntermediatePem}\n{KeyPem}\n{LeafPem}",
        "encrypted key" or "encrypted PEM without password" or "encrypted PEM, wrong" => $"{IntermediatePem}\n{LeafPem}\n{EncryptedKeyPem}",
        "escaped line breaks" => $"{IntermediatePem}\n{LeafPem}\n{KeyPem}".Replace("\n", "\\n", StringComparison.Ordinal),
        "Base64 of PEM" => Convert.ToBase64String(Encoding.ASCII.GetBytes($"{IntermediatePem}\n{LeafPem}\n{KeyPem}")),
        "old encryption" => $"{LeafPem}\n{TestKeys.OldEncryptedPem}",
        "Ed25519" => $"{Ed25519Certificate}\n{TestKeys.Ed25519Pem}",
        "Ed25519 certificate" => $"{Ed25519Certificate}\n{KeyPem}",
        "two keys" => $"{LeafPem}\n{KeyPem}\n{Certificates.KeyPem(_intermediate)}",
        "two certificates without the leaf" => $"{IntermediatePem}\n{IntermediatePem}\n{KeyPem}",
        "damaged certificate" => $"-----BEGIN CERTIFICATE-----\nY2FuYXJ5\n-----END CERTIFICATE-----\n{KeyPem}",
        _ when KeyContent(kind) is not null => $"{IntermediatePem}\n{LeafPem}",
        _ => $"{IntermediatePem}\n{LeafPem}\n{KeyPem}",
    };

    private byte[]? KeyContent(string kind) => kind switch
    {
        "key file in DER" => _key.ExportPkcs8PrivateKey(),
        "key file in Base64" => Encoding.ASCII.GetBytes(Convert.ToBase64String(_key.ExportECPrivateKey())),
        "password for a key file" => Encoding.ASCII.GetBytes(KeyPem),
        "OpenSSH" => Encoding.ASCII.GetBytes(TestKeys.OpenSshPem),
        "certificate in the key file" => Encoding.ASCII.GetBytes(LeafPem),
        _ => null,
    };

    private byte[] Pkcs12(bool hasKey)
    {
        using X509Certificate2 own = _leaf.CopyWithPrivateKey(_key);
        using X509Certificate2 ca = X509CertificateLoader.LoadCertificate(_intermediate.RawData);
        X509Certificate2Collection all = [ca, hasKey ? own : _leaf];
        return all.Export(X509ContentType.Pfx, Password)!;
    }
}
