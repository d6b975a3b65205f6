using System.Security.Cryptography.X509Certificates;
using System.Text;
using OAuthClientCredentials.Authentication;
using OAuthClientCredentials.Tests.Infrastructure;
using OAuthClientCredentials.Transport;

namespace OAuthClientCredentials.Tests.Authentication;

/// <summary>Where a certificate comes from, and the errors of one that cannot be used.</summary>
public sealed class ClientCertificateTests : IDisposable
{
    private readonly TemporaryFile _file = new("");
    private readonly X509Certificate2 _certificate = Certificates.Create();
    private readonly X509Certificate2 _other = Certificates.Create("other");

    /// <summary>The content of the file, and the parts of the message. The key file is the file with <c>.key</c>.</summary>
    public static TheoryData<string, string, string> Problems => new()
    {
        { "missing", "'{file}' does not exist", "CertificateFile" },
        { "empty", "'{file}' is empty", "CertificateFile" },
        { "text", "'{file}' contains no certificate in PEM or PKCS#12", "CertificateFile" },
        { "certificate only", "'{file}' contains no private key", "CertificateFile" },
        { "key only", "'{file}' contains no certificate", "CertificateFile" },
        { "wrong password", "'{file}' is PKCS#12 with another password. Correct ClientCredentials:CertificatePassword", "CertificateFile" },
        { "key of another", "'{file}' contains no certificate that fits the private key", "CertificateFile" },
        { "key missing", "'{file}.key' does not exist", "CertificateKeyFile" },
        { "expired", "'{file}' expired at 2025-12-31 00:00:00Z", "CertificateFile" },
        { "not yet valid", "'{file}' is not valid before 2026-01-02 00:00:00Z", "CertificateFile" },
    };

    [Theory]
    [Trait("Req", "R-154")]
    [Trait("Req", "R-312")]
    [MemberData(nameof(Problems))]
    public async Task File_without_a_usable_certificate_is_an_error_until_it_is_fixed(string kind, string problem, string option)
    {
        Write(kind);
        await using TestTokenClient client = new(options =>
        {
            ByTls(options, _file.Path).CertificatePassword = kind == "wrong password" ? "canary-wrong" : null;
            options.CertificateKeyFile = kind is "key of another" or "key missing" ? $"{_file.Path}.key" : null;
        });
        TokenRequestException exception = await client.FailAsync();
        Assert.Contains(problem.Replace("{file}", _file.Path, StringComparison.Ordinal), exception.Message, StringComparison.Ordinal);
        Assert.Contains($"ClientCredentials:{option}", exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", exception.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(Certificates.KeyPem(_certificate)[60..100], exception.ToString(), StringComparison.Ordinal);
        Assert.Equal((true, 0, 0), (exception.IsTransient, exception.Attempts, client.Server.Requests.Count));
        File.WriteAllText($"{_file.Path}.key", Certificates.KeyPem(_certificate));
        _file.Write(Certificates.Pem(_certificate));
        if (kind != "wrong password")
        {
            await client.RequestAsync();
        }
    }

    [Theory]
    [Trait("Req", "R-154")]
    [InlineData(-30, 13.9, 1)]
    [InlineData(-30, 14.1, 0)]
    [InlineData(-7, 7, 0)]
    public async Task Certificate_that_expires_within_two_weeks_is_logged_once(double from, double until, int warnings)
    {
        using X509Certificate2 certificate = Certificates.Create(
            from: Certificates.Start.AddDays(from),
            until: Certificates.Start.AddDays(until));
        using LogLines log = new();
        await using TestTokenClient client = new(options => ByTls(options).UseCertificate(_ => new(certificate)), log: log);
        await client.RequestAsync();
        await client.RequestAsync();
        string[] logged = [.. log.Lines.Where(line => line.StartsWith("Warning 10 ", StringComparison.Ordinal))];
        Assert.Equal(warnings, logged.Length);
        Assert.All(logged, line => Assert.Matches("[A-Za-z0-9_-]{43}.*2026", line));
        Assert.DoesNotContain(Certificates.KeyPem(certificate)[60..100], log.Text, StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Req", "R-354")]
    [InlineData(" ")]
    [InlineData("\n")]
    [InlineData("\"\"")]
    [InlineData("IA==")]
    public async Task Blank_file_is_an_error(string content)
    {
        _file.Write(content);
        await using TestTokenClient client = new(options => ByTls(options, _file.Path));
        Assert.Contains(nameof(ClientCredentialsOptions.CertificateFile), (await client.FailAsync()).Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-312")]
    public async Task File_is_read_for_each_token_request()
    {
        RecordingAuthentication authentication = new();
        await using TestTokenClient client = new(options => ByTls(options, _file.Path).UseAuthentication(authentication));
        _file.Write(Certificates.Pem(_certificate));
        await client.RequestAsync();
        _file.Write(Certificates.Pem(_other));
        await client.RequestAsync();
        File.WriteAllBytes(_file.Path, _certificate.Export(X509ContentType.Pfx));
        await client.RequestAsync();
        Assert.Equal([_certificate.Thumbprint, _other.Thumbprint, _certificate.Thumbprint], authentication.Thumbprints);
    }

    [Theory]
    [InlineData(false, "UseCertificate")]
    [InlineData(true, "ClientCredentials:CertificateThumbprint")]
    public async Task Callback_or_store_without_the_certificate_is_an_error_that_names_it(bool isStore, string source)
    {
        await using TestTokenClient client = new(options =>
        {
            ByTls(options).CertificateThumbprint = isStore ? new string('0', 40) : null;
            if (!isStore)
            {
                options.UseCertificate(_ => new((X509Certificate2)null!));
            }
        });
        Assert.Contains(source, (await client.FailAsync()).Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-151")]
    public async Task Store_gives_the_certificate_of_a_thumbprint()
    {
        byte[] exported = _certificate.Export(X509ContentType.Pfx);
        using X509Certificate2 storable = X509CertificateLoader.LoadPkcs12(exported, null, X509KeyStorageFlags.PersistKeySet);
        using X509Store store = new(StoreName.My, StoreLocation.CurrentUser);
        store.Open(OpenFlags.ReadWrite);
        store.Add(storable);
        try
        {
            ClientCredentialsOptions options = new() { CertificateThumbprint = storable.Thumbprint, CertificateStore = "CurrentUser/My" };
            ClientCertificate source = new(new("", "ClientCredentials"), options);
            TlsCertificate found = await source.GetAsync(Certificates.Start, CancellationToken.None);
            Assert.Equal((storable.Thumbprint, true), (found.Certificate.Thumbprint, found.Certificate.HasPrivateKey));
        }
        finally
        {
            store.Remove(storable);
        }
    }

    public void Dispose()
    {
        _file.Dispose();
        File.Delete($"{_file.Path}.key");
        _certificate.Dispose();
        _other.Dispose();
    }

    private static ClientCredentialsOptions ByTls(ClientCredentialsOptions options, string? file = null)
    {
        (options.ClientSecret, options.AuthenticationMethod, options.CertificateFile) = (null, "tls_client_auth", file);
        return options;
    }

    private void Write(string kind)
    {
        byte[] content = kind switch
        {
            "missing" or "empty" => [],
            "text" => "canary"u8.ToArray(),
            "certificate only" or "key of another" or "key missing" => Encoding.ASCII.GetBytes(_certificate.ExportCertificatePem()),
            "key only" => Encoding.ASCII.GetBytes(Certificates.KeyPem(_certificate)),
            "wrong password" => _certificate.Export(X509ContentType.Pfx, "canary-password"),
            "expired" => Dated(-30, -1),
            _ => Dated(1, 30),
        };
        File.WriteAllBytes(_file.Path, content);
        if (kind == "missing")
        {
            _file.Dispose();
        }

        if (kind == "key of another")
        {
            File.WriteAllText($"{_file.Path}.key", Certificates.KeyPem(_other));
        }
    }

    private static byte[] Dated(int fromDay, int untilDay)
    {
        using X509Certificate2 certificate =
            Certificates.Create(from: Certificates.Start.AddDays(fromDay), until: Certificates.Start.AddDays(untilDay));
        return Encoding.ASCII.GetBytes(Certificates.Pem(certificate));
    }

    private sealed class RecordingAuthentication : ClientAuthentication
    {
        public List<string> Thumbprints { get; } = [];

        public override string Method => "tls_client_auth";

        public override ValueTask WriteAsync(AuthorizationServerRequest request, CancellationToken cancellationToken)
        {
            Thumbprints.Add(request.Certificate!.Thumbprint);
            return ValueTask.CompletedTask;
        }
    }
}
