using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using OAuthClientCredentials.Diagnostics;

namespace OAuthClientCredentials.Transport;

/// <summary>A client certificate for TLS with its intermediate certificates. A changed certificate is another instance.</summary>
internal sealed class TlsCertificate(X509Certificate2 certificate, X509Certificate2Collection intermediates) : TlsSettings
{
    private SslStreamCertificateContext? _context;

    public X509Certificate2 Certificate => certificate;

    public X509Certificate2Collection Intermediates => intermediates;

    /// <summary>The thumbprint that a token is bound to: <c>x5t#S256</c> (RFC 8705 section 3.1).</summary>
    public string Thumbprint { get; } = Base64Url(certificate.GetCertHash(HashAlgorithmName.SHA256));

    public CredentialValidity Validity => new(certificate.NotBefore.ToUniversalTime(), certificate.NotAfter.ToUniversalTime());

    /// <summary>Whether the connections must also use TLS 1.2 or later.</summary>
    public bool NeedsTls12 { get; init; }

    public override string Id => NeedsTls12 ? $"{Thumbprint}, {WithoutOldVersions.Id}" : Thumbprint;

    protected override HttpMessageHandler? CreateCopy(HttpMessageHandler transport)
    {
        HttpMessageHandler? copy = HandlerCopy.TryCreate(transport);
        switch (copy)
        {
            case SocketsHttpHandler sockets:
                sockets.SslOptions = Copy(sockets.SslOptions);
                sockets.SslOptions.ClientCertificates = null;
                sockets.SslOptions.LocalCertificateSelectionCallback = null;

                // Offline: building the chain must not request certificates from other servers. Only those of the file are sent.
                sockets.SslOptions.ClientCertificateContext =
                    _context ??= SslStreamCertificateContext.Create(certificate, Intermediates, offline: true);
                break;
            case HttpClientHandler classic:
                classic.ClientCertificateOptions = ClientCertificateOption.Manual;
                classic.ClientCertificates.Clear();
                classic.ClientCertificates.Add(certificate);
                break;
        }

        if (NeedsTls12)
        {
            RemoveOldVersions(copy);
        }

        return copy;
    }

    private static string Base64Url(byte[] bytes) => Convert.ToBase64String(bytes).TrimEnd('=').Replace('+', '-').Replace('/', '_');
}
