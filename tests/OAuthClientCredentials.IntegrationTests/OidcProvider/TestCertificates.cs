using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace OAuthClientCredentials.IntegrationTests.OidcProvider;

/// <summary>Certificates with keys that exist for one test.</summary>
internal static class TestCertificates
{
    public static X509Certificate2 Server()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        SubjectAlternativeNameBuilder names = new();
        names.AddIpAddress(IPAddress.Loopback);
        CertificateRequest request = new("CN=localhost", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(names.Build());
        return Sign(request);
    }

    public static X509Certificate2 Authority(string subject = "CN=Test authority")
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new(subject, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, critical: true));
        return Sign(request);
    }

    /// <summary>A client's certificate: issued by an authority, or else by itself.</summary>
    public static X509Certificate2 Client(string subject, X509Certificate2? authority = null, string? dnsName = null, TimeSpan? lifetime = null)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = ForClient(new(subject, key, HashAlgorithmName.SHA256), dnsName);
        if (authority is null)
        {
            return Sign(request, lifetime);
        }

        using X509Certificate2 issued = request.Create(authority, authority.NotBefore, authority.NotAfter, RandomNumberGenerator.GetBytes(16));
        using X509Certificate2 complete = issued.CopyWithPrivateKey(key);
        return Usable(complete);
    }

    /// <summary>One that is issued by itself, with this key.</summary>
    public static X509Certificate2 Client(string subject, RSA key) => Sign(ForClient(new(subject, key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1), null));

    /// <summary>A handler that trusts one server, and shows a certificate where there is one.</summary>
    public static SocketsHttpHandler Trusting(X509Certificate2 server, X509Certificate2? client) => new()
    {
        SslOptions = new()
        {
            CertificateChainPolicy = new() { TrustMode = X509ChainTrustMode.CustomRootTrust, CustomTrustStore = { server }, RevocationMode = X509RevocationMode.NoCheck },
            ClientCertificates = client is null ? null : [client],
        },
    };

    /// <summary>x5t#S256 of RFC 8705.</summary>
    public static string Thumbprint(X509Certificate2 certificate) => Base64Url.EncodeToString(SHA256.HashData(certificate.RawData));

    private static CertificateRequest ForClient(CertificateRequest request, string? dnsName)
    {
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.2")], critical: false));
        if (dnsName is not null)
        {
            SubjectAlternativeNameBuilder names = new();
            names.AddDnsName(dnsName);
            request.CertificateExtensions.Add(names.Build());
        }

        return request;
    }

    private static X509Certificate2 Sign(CertificateRequest request, TimeSpan? lifetime = null)
    {
        using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddMinutes(-5), DateTimeOffset.UtcNow + (lifetime ?? TimeSpan.FromDays(1)));
        return Usable(certificate);
    }

    // TLS on Windows takes no key that exists in memory only.
    private static X509Certificate2 Usable(X509Certificate2 certificate) =>
        X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pfx), null, X509KeyStorageFlags.Exportable);
}
