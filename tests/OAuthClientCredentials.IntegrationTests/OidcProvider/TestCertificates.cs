using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace OAuthClientCredentials.IntegrationTests.OidcProvider;

/// <summary>Certificates for one test run.</summary>
internal static class TestCertificates
{
    public static X509Certificate2 Authority()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=Test authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(X509BasicConstraintsExtension.CreateForCertificateAuthority());
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, critical: true));
        return Issue(request, key, null, -30, 30);
    }

    /// <summary>A server certificate, self-signed without an authority. The validity is in days from now.</summary>
    public static X509Certificate2 Server(X509Certificate2? authority = null, string address = "127.0.0.1", int from = -1, int until = 1)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        SubjectAlternativeNameBuilder names = new();
        names.AddIpAddress(IPAddress.Parse(address));
        CertificateRequest request = new("CN=server", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(names.Build());
        return Issue(request, key, authority, from, until);
    }

    /// <summary>A client certificate, self-signed without an authority.</summary>
    public static X509Certificate2 Client(string subject, X509Certificate2? authority = null, string? dnsName = null)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = ForClient(new(subject, key, HashAlgorithmName.SHA256));
        if (dnsName is not null)
        {
            SubjectAlternativeNameBuilder names = new();
            names.AddDnsName(dnsName);
            request.CertificateExtensions.Add(names.Build());
        }

        return Issue(request, key, authority, -1, 1);
    }

    /// <summary>A self-signed client certificate with an RSA key.</summary>
    public static X509Certificate2 Client(string subject, RSA key) =>
        Issue(ForClient(new(subject, key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)), null, null, -1, 1);

    /// <summary>A handler that trusts one server or authority, and sends a client certificate if there is one.</summary>
    public static SocketsHttpHandler Trusting(X509Certificate2 trusted, X509Certificate2? client = null) => new()
    {
        SslOptions = new()
        {
            CertificateChainPolicy = new()
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                CustomTrustStore = { X509CertificateLoader.LoadCertificate(trusted.RawData) },
                RevocationMode = X509RevocationMode.NoCheck,
            },
            ClientCertificates = client is null ? null : [client],
        },
    };

    /// <summary>x5t#S256 of RFC 8705.</summary>
    public static string Thumbprint(X509Certificate2 certificate) => Base64Url.EncodeToString(SHA256.HashData(certificate.RawData));

    private static CertificateRequest ForClient(CertificateRequest request)
    {
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.2")], critical: false));
        return request;
    }

    private static X509Certificate2 Issue(CertificateRequest request, ECDsa? key, X509Certificate2? authority, int from, int until)
    {
        DateTimeOffset now = DateTimeOffset.UtcNow;
        if (authority is null)
        {
            using X509Certificate2 selfSigned = request.CreateSelfSigned(now.AddDays(from), now.AddDays(until));
            return Export(selfSigned);
        }

        byte[] serialNumber = RandomNumberGenerator.GetBytes(16);
        using X509Certificate2 issued = request.Create(authority, now.AddDays(from), now.AddDays(until), serialNumber);
        using X509Certificate2 complete = issued.CopyWithPrivateKey(key!);
        return Export(complete);
    }

    // TLS on Windows does not accept a key that exists in memory only.
    private static X509Certificate2 Export(X509Certificate2 certificate) =>
        X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pfx), null, X509KeyStorageFlags.Exportable);
}
