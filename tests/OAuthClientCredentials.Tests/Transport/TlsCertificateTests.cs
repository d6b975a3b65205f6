using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using OAuthClientCredentials.Tests.Infrastructure;
using OAuthClientCredentials.Transport;

namespace OAuthClientCredentials.Tests.Transport;

/// <summary>A certificate is shown by the transport that it was given to, and by no other.</summary>
public sealed class TlsCertificateTests
{
    [Fact]
    [Trait("Req", "R-152")]
    public void Transports_that_share_their_TLS_options_each_show_their_own_certificate()
    {
        using X509Certificate2 first = Certificates.Create("first");
        using X509Certificate2 second = Certificates.Create("second");
        SslClientAuthenticationOptions shared = new() { TargetHost = "api.example.com", AllowRenegotiation = false };
        using SocketsHttpHandler plain = new() { SslOptions = shared };
        using SocketsHttpHandler one = new() { SslOptions = shared };
        using SocketsHttpHandler two = new() { SslOptions = shared };
        Assert.True(new TlsCertificate(first, []).TryApplyTo(one));
        Assert.True(new TlsCertificate(second, []).TryApplyTo(two));
        Assert.Equal("CN=first", one.SslOptions.ClientCertificateContext!.TargetCertificate.Subject);
        Assert.Equal("CN=second", two.SslOptions.ClientCertificateContext!.TargetCertificate.Subject);
        Assert.Null(plain.SslOptions.ClientCertificateContext);
    }

    [Fact]
    [Trait("Req", "R-152")]
    public void What_the_application_would_show_by_itself_gives_way()
    {
        using X509Certificate2 own = Certificates.Create("own");
        using X509Certificate2 certificate = Certificates.Create();
        using SocketsHttpHandler sockets = new() { SslOptions = new() { ClientCertificates = [own], LocalCertificateSelectionCallback = (_, _, _, _, _) => own } };
        using HttpClientHandler classic = new() { ClientCertificates = { own } };
        Assert.True(new TlsCertificate(certificate, []).TryApplyTo(sockets));
        Assert.True(new TlsCertificate(certificate, []).TryApplyTo(classic));
        Assert.Equal((null, null), (sockets.SslOptions.ClientCertificates, sockets.SslOptions.LocalCertificateSelectionCallback));
        Assert.Same(certificate, Assert.Single(classic.ClientCertificates));
    }

    /// <summary>A property that the platform adds, and that a copy would leave behind, fails here.</summary>
    [Fact]
    public void Everything_else_of_the_applications_TLS_options_stays()
    {
        using X509Certificate2 certificate = Certificates.Create();
        SslClientAuthenticationOptions set = new();
        foreach (System.Reflection.PropertyInfo property in typeof(SslClientAuthenticationOptions).GetProperties().Where(property => property.PropertyType == typeof(bool)))
        {
            property.SetValue(set, !(bool)property.GetValue(set)!);
        }

        (set.TargetHost, set.ApplicationProtocols, set.CertificateChainPolicy) = ("api.example.com", [SslApplicationProtocol.Http2], new() { DisableCertificateDownloads = true });
        using SocketsHttpHandler handler = new() { SslOptions = set };
        Assert.True(new TlsCertificate(certificate, []).TryApplyTo(handler));
        foreach (System.Reflection.PropertyInfo property in typeof(SslClientAuthenticationOptions).GetProperties().Where(property => property.Name != nameof(set.ClientCertificateContext)))
        {
            Assert.Equal(property.GetValue(set), property.GetValue(handler.SslOptions));
        }
    }

    /// <summary>A new property fails here: check whether a copy may share its value, and whether it selects a certificate.</summary>
    [Fact]
    [Trait("Req", "R-152")]
    public void The_TLS_options_have_the_properties_that_were_looked_at()
    {
        string[] known =
        [
            "AllowRenegotiation", "AllowTlsResume", "ApplicationProtocols", "CertificateChainPolicy", "CertificateRevocationCheckMode",
            "CipherSuitesPolicy", "ClientCertificateContext", "ClientCertificates", "EnabledSslProtocols", "EncryptionPolicy",
            "LocalCertificateSelectionCallback", "RemoteCertificateValidationCallback", "TargetHost",
        ];
        string[] since10 = Environment.Version.Major >= 10 ? ["AllowRsaPkcs1Padding", "AllowRsaPssPadding"] : [];
        Assert.Equal(
            known.Concat(since10).Order(StringComparer.Ordinal),
            typeof(SslClientAuthenticationOptions).GetProperties().Select(property => property.Name).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_transport_of_an_unknown_kind_says_that_it_shows_none()
    {
        using X509Certificate2 certificate = Certificates.Create();
        using Golden golden = new();
        Assert.False(new TlsCertificate(certificate, []).TryApplyTo(golden.Handler));
    }
}
