using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace OAuthClientCredentials.Tests.Infrastructure;

/// <summary>
/// A private certificate authority: a root and an intermediate that issues. Like most of its kind it publishes no revocation lists.
/// </summary>
internal sealed class TestAuthority : IDisposable
{
    private static readonly DateTimeOffset Now = DateTimeOffset.UtcNow;

    private readonly List<IDisposable> _created = [];
    private readonly X509Certificate2 _intermediate;

    public TestAuthority(string name)
    {
        Root = Issue(AuthorityRequest($"CN={name} root"), null);
        _intermediate = Issue(AuthorityRequest($"CN={name} issuing"), Root);
    }

    public X509Certificate2 Root { get; }

    public string IntermediatePem => _intermediate.ExportCertificatePem();

    /// <summary>The certificates of a server on 127.0.0.1 and localhost, which sends its intermediate.</summary>
    public HttpsConnectionAdapterOptions ForServer()
    {
        SubjectAlternativeNameBuilder names = new();
        names.AddIpAddress(IPAddress.Loopback);
        names.AddDnsName("localhost");
        CertificateRequest request = LeafRequest("CN=server", names);

        // TLS on Windows does not accept a key that exists in memory only.
        X509Certificate2 certificate = X509CertificateLoader
            .LoadPkcs12(Issue(request, _intermediate).Export(X509ContentType.Pfx), null, X509KeyStorageFlags.Exportable);
        _created.Add(certificate);
        return new() { ServerCertificate = certificate, ServerCertificateChain = [_intermediate] };
    }

    /// <summary>A client certificate with one URI as its name, and a subject without CN, as SPIRE issues it.</summary>
    public X509Certificate2 IssueSvid(string spiffeId, string subject = "C=US, O=SPIRE")
    {
        SubjectAlternativeNameBuilder names = new();
        names.AddUri(new(spiffeId));
        return Issue(LeafRequest(subject, names), _intermediate);
    }

    /// <summary>A policy that trusts this authority only.</summary>
    public X509ChainPolicy Trust() => new()
    {
        TrustMode = X509ChainTrustMode.CustomRootTrust,
        CustomTrustStore = { Root },
        RevocationMode = X509RevocationMode.NoCheck,
    };

    /// <summary>A transport that trusts this authority only.</summary>
    public SocketsHttpHandler CreateHandler() =>
        new() { SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = Trust() } };

    public void Dispose() => _created.ForEach(created => created.Dispose());

    private CertificateRequest AuthorityRequest(string subject)
    {
        CertificateRequest request = new(subject, CreateKey(), HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(X509BasicConstraintsExtension.CreateForCertificateAuthority());
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, critical: true));
        return request;
    }

    private CertificateRequest LeafRequest(string subject, SubjectAlternativeNameBuilder names)
    {
        CertificateRequest request = new(subject, CreateKey(), HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(X509BasicConstraintsExtension.CreateForEndEntity(critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(names.Build());
        return request;
    }

    private ECDsa CreateKey()
    {
        ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        _created.Add(key);
        return key;
    }

    private X509Certificate2 Issue(CertificateRequest request, X509Certificate2? issuer)
    {
        X509Certificate2 certificate;
        if (issuer is null)
        {
            certificate = request.CreateSelfSigned(Now.AddDays(-2), Now.AddDays(2));
        }
        else
        {
            using X509Certificate2 issued = request.Create(issuer, Now.AddDays(-1), Now.AddDays(1), RandomNumberGenerator.GetBytes(16));
            certificate = issued.CopyWithPrivateKey((ECDsa)_created[^1]);
        }

        _created.Add(certificate);
        return certificate;
    }
}
