using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace OAuthClientCredentials.IntegrationTests.Faults;

/// <summary>A private authority that the application trusts, and servers' certificates with one thing wrong each.</summary>
internal static class Certificates
{
    private static readonly X509Certificate2 Authority = Issue("CN=private", "", null, -30, 30);

    public static X509Certificate2 Good { get; } = Issue("CN=good", "127.0.0.1", Authority, -1, 1);

    public static X509Certificate2 OtherHost { get; } = Issue("CN=other host", "127.0.0.2", Authority, -1, 1);

    public static X509Certificate2 Expired { get; } = Issue("CN=expired", "127.0.0.1", Authority, -10, -1);

    public static X509Certificate2 NotYetValid { get; } = Issue("CN=not yet valid", "127.0.0.1", Authority, 1, 10);

    public static X509Certificate2 SelfSigned { get; } = Issue("CN=self-signed", "127.0.0.1", null, -1, 1);

    /// <summary>What an application configures to trust its own authority.</summary>
    public static X509ChainPolicy Trust() => new()
    {
        TrustMode = X509ChainTrustMode.CustomRootTrust,
        CustomTrustStore = { X509CertificateLoader.LoadCertificate(Authority.RawData) },
        RevocationMode = X509RevocationMode.NoCheck,
    };

    private static X509Certificate2 Issue(string name, string address, X509Certificate2? issuer, int from, int to)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new(name, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(address.Length == 0, false, 0, true));
        if (address.Length > 0)
        {
            SubjectAlternativeNameBuilder names = new();
            names.AddIpAddress(IPAddress.Parse(address));
            request.CertificateExtensions.Add(names.Build());
        }

        DateTimeOffset now = DateTimeOffset.UtcNow;
        using X509Certificate2 bare = issuer is null
            ? request.CreateSelfSigned(now.AddDays(from), now.AddDays(to))
            : request.Create(issuer, now.AddDays(from), now.AddDays(to), RandomNumberGenerator.GetBytes(8));
        using X509Certificate2 whole = bare.HasPrivateKey ? new X509Certificate2(bare) : bare.CopyWithPrivateKey(key);

        // A key that was never exported cannot serve TLS on Windows.
        return X509CertificateLoader.LoadPkcs12(whole.Export(X509ContentType.Pfx), null);
    }
}
