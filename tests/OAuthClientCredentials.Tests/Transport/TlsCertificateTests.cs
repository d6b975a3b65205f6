using System.Net.Security;
using System.Reflection;
using System.Security.Cryptography.X509Certificates;
using OAuthClientCredentials.Tests.Infrastructure;
using OAuthClientCredentials.Transport;

namespace OAuthClientCredentials.Tests.Transport;

/// <summary>A certificate is shown by the transport that it was given to, and by no other.</summary>
public sealed class TlsCertificateTests
{
    private static readonly PropertyInfo[] Properties = typeof(SslClientAuthenticationOptions).GetProperties();

    [Fact]
    [Trait("Req", "R-152")]
    public void Transports_with_shared_TLS_options_each_show_their_own_certificate()
    {
        using X509Certificate2 first = Certificates.Create("first");
        using X509Certificate2 second = Certificates.Create("second");
        SslClientAuthenticationOptions shared = new() { TargetHost = "api.example.com", AllowRenegotiation = false };
        using SocketsHttpHandler plain = new() { SslOptions = shared };
        using SocketsHttpHandler one = ShowingCopy(first, plain);
        using SocketsHttpHandler two = ShowingCopy(second, plain);
        Assert.Equal("CN=first", one.SslOptions.ClientCertificateContext!.TargetCertificate.Subject);
        Assert.Equal("CN=second", two.SslOptions.ClientCertificateContext!.TargetCertificate.Subject);
        Assert.Null(plain.SslOptions.ClientCertificateContext);
    }

    [Fact]
    [Trait("Req", "R-152")]
    public void Certificates_of_your_handler_are_replaced()
    {
        using X509Certificate2 own = Certificates.Create("own");
        using X509Certificate2 certificate = Certificates.Create();
        SslClientAuthenticationOptions yours = new() { ClientCertificates = [own] };
        yours.LocalCertificateSelectionCallback = (_, _, _, _, _) => own;
        using SocketsHttpHandler sockets = new() { SslOptions = yours };
        using HttpClientHandler classic = new() { ClientCertificates = { own } };
        using SocketsHttpHandler newSockets = ShowingCopy(certificate, sockets);
        using HttpClientHandler newClassic = ShowingCopy(certificate, classic);
        Assert.Equal((null, null), (newSockets.SslOptions.ClientCertificates, newSockets.SslOptions.LocalCertificateSelectionCallback));
        Assert.Same(certificate, Assert.Single(newClassic.ClientCertificates));
        Assert.Same(own, Assert.Single(sockets.SslOptions.ClientCertificates));
        Assert.Same(own, Assert.Single(classic.ClientCertificates));
    }

    /// <summary>A property that the platform adds, and that a copy would leave behind, fails here.</summary>
    [Fact]
    public void All_other_TLS_options_of_your_handler_stay()
    {
        using X509Certificate2 certificate = Certificates.Create();
        SslClientAuthenticationOptions set = new();
        foreach (PropertyInfo property in Properties.Where(property => property.PropertyType == typeof(bool)))
        {
            property.SetValue(set, !(bool)property.GetValue(set)!);
        }

        (set.TargetHost, set.ApplicationProtocols) = ("api.example.com", [SslApplicationProtocol.Http2]);
        set.CertificateChainPolicy = new() { DisableCertificateDownloads = true };
        using SocketsHttpHandler handler = new() { SslOptions = set };
        using SocketsHttpHandler copy = ShowingCopy(certificate, handler);
        foreach (PropertyInfo property in Properties.Where(property => property.Name != nameof(set.ClientCertificateContext)))
        {
            Assert.Equal(property.GetValue(set), property.GetValue(copy.SslOptions));
        }
    }

    /// <summary>A new property fails here: check whether a copy may share its value, and whether it selects a certificate.</summary>
    [Fact]
    [Trait("Req", "R-152")]
    public void TLS_options_have_no_property_that_is_not_handled()
    {
        string[] known =
        [
            "AllowRenegotiation", "AllowTlsResume", "ApplicationProtocols", "CertificateChainPolicy", "CertificateRevocationCheckMode",
            "CipherSuitesPolicy", "ClientCertificateContext", "ClientCertificates", "EnabledSslProtocols", "EncryptionPolicy",
            "LocalCertificateSelectionCallback", "RemoteCertificateValidationCallback", "TargetHost",
        ];
        string[] since10 = Environment.Version.Major >= 10 ? ["AllowRsaPkcs1Padding", "AllowRsaPssPadding"] : [];
        string[] properties = [.. Properties.Select(property => property.Name)];
        Assert.Equal(known.Concat(since10).Order(StringComparer.Ordinal), properties.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Handler_of_an_unknown_type_cannot_show_a_certificate()
    {
        using X509Certificate2 certificate = Certificates.Create();
        using RecordingHandler server = new();
        Assert.Null(new TlsCertificate(certificate, []).TryApplyToCopyOf(server));
    }

    private static T ShowingCopy<T>(X509Certificate2 certificate, T handler)
        where T : HttpMessageHandler =>
        Assert.IsType<T>(new TlsCertificate(certificate, []).TryApplyToCopyOf(handler));
}
