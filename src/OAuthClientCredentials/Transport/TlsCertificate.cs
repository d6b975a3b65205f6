using System.Net.Security;
using System.Reflection;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using OAuthClientCredentials.Diagnostics;

namespace OAuthClientCredentials.Transport;

/// <summary>A client certificate for TLS with its intermediate certificates. A changed certificate is another instance.</summary>
internal sealed class TlsCertificate(X509Certificate2 certificate, X509Certificate2Collection intermediates)
{
    private SslStreamCertificateContext? _context;

    public X509Certificate2 Certificate => certificate;

    public X509Certificate2Collection Intermediates => intermediates;

    /// <summary>The thumbprint that a token is bound to: <c>x5t#S256</c> (RFC 8705 section 3.1).</summary>
    public string Thumbprint { get; } = Base64Url(certificate.GetCertHash(HashAlgorithmName.SHA256));

    public CredentialValidity Validity => new(certificate.NotBefore.ToUniversalTime(), certificate.NotAfter.ToUniversalTime());

    /// <summary>
    /// Returns a copy of a transport that shows this certificate on all connections, or null if the transport cannot be copied. The
    /// original is not changed, because other HttpClients may share it.
    /// </summary>
    public HttpMessageHandler? TryApplyToCopyOf(HttpMessageHandler transport) =>
        HandlerCopy.TryReplaceTransport(transport, CreateCopyWithCertificate);

    private HttpMessageHandler? CreateCopyWithCertificate(HttpMessageHandler transport)
    {
        HttpMessageHandler? copy = HandlerCopy.TryCreate(transport);
        switch (copy)
        {
            case SocketsHttpHandler sockets:
                sockets.SslOptions = CopyWithoutCertificate(sockets.SslOptions);

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

        return copy;
    }

    // Transports may share one options object, and would then use each other's certificate. .NET has no public method to copy it.
    // Reflection copies every property, including properties of later versions.
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

    private static string Base64Url(byte[] bytes) => Convert.ToBase64String(bytes).TrimEnd('=').Replace('+', '-').Replace('/', '_');
}
