using System.Security.Cryptography.X509Certificates;
using OAuthClientCredentials.Authentication;
using OAuthClientCredentials.Tests.Infrastructure;
using OAuthClientCredentials.Transport;

namespace OAuthClientCredentials.Tests.Authentication;

/// <summary>Where a certificate comes from, and what is said of one that cannot be used.</summary>
public sealed class ClientCertificateTests : IDisposable
{
    private const string Password = "canary-password";

    private readonly string _file = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
    private readonly X509Certificate2 _certificate = Certificates.Create();
    private readonly X509Certificate2 _other = Certificates.Create("other");

    public static TheoryData<string, string> Problems => new()
    {
        { "missing", "the file '{file}' cannot be read. Fix the file, or change ClientCredentials:CertificateFile" },
        { "empty", "the file '{file}' is empty. Fix the file, or change ClientCredentials:CertificateFile" },
        { "text", "the file '{file}' holds no certificate with its private key in PEM or PKCS#12, or the password or key file does not belong to it. Fix the file, or change ClientCredentials:CertificateFile" },
        { "certificate only", "the file '{file}' holds no certificate with its private key" },
        { "key only", "the file '{file}' holds no certificate with its private key" },
        { "wrong password", "the file '{file}' holds no certificate with its private key" },
        { "key of another", "the file '{file}' holds no certificate with its private key" },
        { "key missing", "the file '{file}.key' cannot be read. Fix the file, or change ClientCredentials:CertificateKeyFile" },
        { "expired", "its certificate in '{file}' expired at 2025-12-31 00:00:00Z. Replace it, or change ClientCredentials:CertificateFile" },
        { "not yet valid", "its certificate in '{file}' is not valid before 2026-01-02 00:00:00Z. Replace it, or change ClientCredentials:CertificateFile" },
    };

    [Theory]
    [Trait("Req", "R-154")]
    [Trait("Req", "R-312")]
    [MemberData(nameof(Problems))]
    public async Task A_file_without_a_certificate_to_use_is_an_error_that_names_it_and_passes_when_it_is_mended(string kind, string problem)
    {
        Write(kind);
        using Golden golden = new();
        using OneClient client = new(golden.Handler, options => FromFile(options, kind));
        TokenRequestException exception = await client.FailAsync();
        Assert.Contains(problem.Replace("{file}", _file, StringComparison.Ordinal), exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", exception.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(Certificates.KeyPem(_certificate)[60..100], exception.ToString(), StringComparison.Ordinal);
        Assert.Equal((true, 0, 0), (exception.IsTransient, exception.Attempts, golden.Requests.Count));
        File.WriteAllText($"{_file}.key", Certificates.KeyPem(_certificate));
        File.WriteAllText(_file, Certificates.Pem(_certificate));
        if (kind != "wrong password")
        {
            await client.GetAsync();
        }
    }

    [Theory]
    [Trait("Req", "R-154")]
    [InlineData(13.9, 1)]
    [InlineData(14.1, 0)]
    public async Task A_certificate_that_expires_within_two_weeks_is_warned_of_once_with_thumbprint_and_date(double days, int warnings)
    {
        using X509Certificate2 certificate = Certificates.Create(until: Certificates.Start.AddDays(days));
        LogLines log = new();
        using Golden golden = new();
        using OneClient client = new(golden.Handler, options => ByTls(options, null).UseCertificate(_ => new(certificate)), log: log);
        await client.GetAsync();
        await client.GetAsync();
        string[] said = [.. log.Lines.Where(line => line.Contains("certificate", StringComparison.Ordinal))];
        Assert.Equal(warnings, said.Length);
        Assert.All(said, line => Assert.Matches("^Warning .*[A-Za-z0-9_-]{43}.*2026", line));
        Assert.DoesNotContain(Certificates.KeyPem(certificate)[60..100], log.Text, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-312")]
    public async Task The_file_is_read_at_each_token_request()
    {
        List<string> shown = [];
        using Golden golden = new();
        using OneClient client = new(golden.Handler, options => ByTls(options).UseAuthentication(new Shown(shown)));
        File.WriteAllText(_file, Certificates.Pem(_certificate));
        await client.GetAsync();
        File.WriteAllText(_file, Certificates.Pem(_other));
        await client.GetAsync();
        File.WriteAllBytes(_file, _certificate.Export(X509ContentType.Pfx));
        await client.GetAsync();
        Assert.Equal([_certificate.Thumbprint, _other.Thumbprint, _certificate.Thumbprint], shown);
    }

    [Fact]
    public async Task A_callback_that_returns_none_is_an_error_that_names_it()
    {
        using Golden golden = new();
        using OneClient client = new(golden.Handler, options => ByTls(options, null).UseCertificate(_ => new((X509Certificate2)null!)));
        Assert.Contains("the callback given to UseCertificate returned none", (await client.FailAsync()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_that_is_in_no_store_is_an_error_that_names_the_option()
    {
        using Golden golden = new();
        using OneClient client = new(golden.Handler, options => ByTls(options, null).CertificateThumbprint = new string('0', 40));
        string message = (await client.FailAsync()).Message;
        Assert.Matches("its certificate (is not in|cannot be read from) its store. Replace it, or change ClientCredentials:CertificateThumbprint", message);
    }

    [Fact]
    [Trait("Req", "R-151")]
    public async Task A_store_gives_the_certificate_of_a_thumbprint()
    {
        using X509Certificate2 storable = X509CertificateLoader.LoadPkcs12(_certificate.Export(X509ContentType.Pfx), null, X509KeyStorageFlags.PersistKeySet);
        using X509Store store = new(StoreName.My, StoreLocation.CurrentUser);
        store.Open(OpenFlags.ReadWrite);
        store.Add(storable);
        try
        {
            ClientCredentialsOptions options = new() { CertificateThumbprint = storable.Thumbprint, CertificateStore = "CurrentUser/My" };
            TlsCertificate found = await new ClientCertificate(new("", "ClientCredentials"), options).GetAsync(Certificates.Start, CancellationToken.None);
            Assert.Equal(storable.Thumbprint, found.Certificate.Thumbprint);
            Assert.True(found.Certificate.HasPrivateKey);
        }
        finally
        {
            store.Remove(storable);
        }
    }

    public void Dispose()
    {
        File.Delete(_file);
        File.Delete($"{_file}.key");
        _certificate.Dispose();
        _other.Dispose();
    }

    private void FromFile(ClientCredentialsOptions options, string kind)
    {
        ByTls(options).CertificatePassword = kind == "wrong password" ? "canary-wrong" : null;
        options.CertificateKeyFile = kind is "key of another" or "key missing" ? $"{_file}.key" : null;
    }

    private ClientCredentialsOptions ByTls(ClientCredentialsOptions options) => ByTls(options, _file);

    private static ClientCredentialsOptions ByTls(ClientCredentialsOptions options, string? file)
    {
        (options.ClientSecret, options.AuthenticationMethod, options.CertificateFile) = (null, "tls_client_auth", file);
        return options;
    }

    private void Write(string kind)
    {
        byte[]? content = kind switch
        {
            "missing" => null,
            "empty" => [],
            "text" => "canary"u8.ToArray(),
            "certificate only" or "key of another" or "key missing" => Bytes(_certificate.ExportCertificatePem()),
            "key only" => Bytes(Certificates.KeyPem(_certificate)),
            "wrong password" => _certificate.Export(X509ContentType.Pfx, Password),
            "expired" => Dated(Certificates.Start.AddDays(-30), Certificates.Start.AddDays(-1)),
            _ => Dated(Certificates.Start.AddDays(1), Certificates.Start.AddDays(30)),
        };
        if (content is not null)
        {
            File.WriteAllBytes(_file, content);
        }

        if (kind == "key of another")
        {
            File.WriteAllText($"{_file}.key", Certificates.KeyPem(_other));
        }
    }

    private static byte[] Dated(DateTimeOffset from, DateTimeOffset until)
    {
        using X509Certificate2 certificate = Certificates.Create(from: from, until: until);
        return Bytes(Certificates.Pem(certificate));
    }

    private static byte[] Bytes(string text) => System.Text.Encoding.ASCII.GetBytes(text);

    private sealed class Shown(List<string> thumbprints) : ClientAuthentication
    {
        public override string Method => "tls_client_auth";

        public override ValueTask WriteAsync(AuthorizationServerRequest attempt, CancellationToken cancellationToken)
        {
            thumbprints.Add(attempt.Certificate!.Thumbprint);
            return ValueTask.CompletedTask;
        }
    }
}
