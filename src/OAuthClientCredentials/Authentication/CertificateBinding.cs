using OAuthClientCredentials.Transport;

namespace OAuthClientCredentials.Authentication;

/// <summary>Binds tokens to the client certificate that connections show (RFC 8705 section 3). Requests contain no other proof.</summary>
internal sealed class CertificateBinding(TlsCertificate certificate) : TokenBinding
{
    public override string TokenType => "Bearer";

    public override string Thumbprint => certificate.Thumbprint;

    internal override TlsCertificate Certificate => certificate;
}
