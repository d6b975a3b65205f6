using System.Net.Security;
using System.Reflection;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace OAuthClientCredentials.Transport;

/// <summary>A client certificate for TLS, with its intermediates. Immutable; a changed certificate is another instance.</summary>
internal sealed class TlsCertificate(X509Certificate2 certificate, X509Certificate2Collection intermediates)
{
    private SslStreamCertificateContext? _context;

    public X509Certificate2 Certificate => certificate;

    /// <summary>The thumbprint that a token is bound to: <c>x5t#S256</c> (RFC 8705 section 3.1).</summary>
    public string Thumbprint { get; } = FormEncoding.Base64Url(certificate.GetCertHash(HashAlgorithmName.SHA256));

    /// <summary>Sets this certificate for all connections of a transport; false if the transport is of an unknown type.</summary>
    public bool TryApplyTo(HttpMessageHandler? transport)
    {
        while (transport is DelegatingHandler outer)
        {
            transport = outer.InnerHandler;
        }

        switch (transport)
        {
            case SocketsHttpHandler sockets:
                sockets.SslOptions = CopyWithoutCertificate(sockets.SslOptions);

                // Offline, so that building the chain requests nothing from other servers: only the certificates of the file are sent.
                sockets.SslOptions.ClientCertificateContext =
                    _context ??= SslStreamCertificateContext.Create(certificate, intermediates, offline: true);
                return true;
            case HttpClientHandler classic:
                classic.ClientCertificateOptions = ClientCertificateOption.Manual;
                classic.ClientCertificates.Clear();
                classic.ClientCertificates.Add(certificate);
                return true;
            default:
                return false;
        }
    }

    // Transports may share one options object, and would then use each other's certificate. The platform has no public way to
    // copy it. Reflection copies every property, including those of later versions.
    private static SslClientAuthenticationOptions CopyWithoutCertificate(SslClientAuthenticationOptions original)
    {
        SslClientAuthenticationOptions copy = new();
        foreach (PropertyInfo property in typeof(SslClientAuthenticationOptions).GetProperties())
        {
            property.SetValue(copy, property.GetValue(original));
        }

        copy.ClientCertificates = null;
        copy.LocalCertificateSelectionCallback = null;
        return copy;
    }
}
