using System.Net.Security;
using System.Reflection;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace OAuthClientCredentials.Wire;

/// <summary>A client certificate as it is shown in TLS handshakes, its intermediates included. Immutable; a changed certificate is another instance.</summary>
internal sealed class TlsCertificate(X509Certificate2 certificate, X509Certificate2Collection intermediates)
{
    private SslStreamCertificateContext? _context;

    public X509Certificate2 Certificate => certificate;

    /// <summary>The thumbprint that a token is bound to: <c>x5t#S256</c> (RFC 8705 section 3.1).</summary>
    public string Thumbprint { get; } = FormEncoding.Base64Url(certificate.GetCertHash(HashAlgorithmName.SHA256));

    /// <summary>Shows this certificate on every connection of a transport; false if it is of an unknown kind, a test's for instance.</summary>
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

                // Offline: what is sent is what the file holds, and building it asks no other server.
                sockets.SslOptions.ClientCertificateContext = _context ??= SslStreamCertificateContext.Create(certificate, intermediates, offline: true);
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

    // transports may share one object of options, which would then show the certificate of one on the connections of another. The platform has no
    // public copy; by reflection none of its properties is forgotten, those of later versions included.
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
