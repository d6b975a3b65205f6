using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http;
using OAuthClientCredentials.Clients;
using OAuthClientCredentials.HttpClients;
using OAuthClientCredentials.Tests.Infrastructure;
using OAuthClientCredentials.Transport;

namespace OAuthClientCredentials.Tests.Transport;

/// <summary>The operating system decides which versions of TLS are allowed, except with RequireFapi2.</summary>
public sealed class TlsVersionTests
{
    private const SslProtocols Modern = SslProtocols.Tls12 | SslProtocols.Tls13;

#pragma warning disable CS0618, SYSLIB0039 // Old versions are what is tested.
    public static TheoryData<SslProtocols, SslProtocols> Configured => new()
    {
        { SslProtocols.None, Modern },
        { SslProtocols.Tls13, SslProtocols.Tls13 },
        { SslProtocols.Tls11 | SslProtocols.Tls12, SslProtocols.Tls12 },
        { SslProtocols.Tls | SslProtocols.Tls11, Modern },
    };
#pragma warning restore CS0618, SYSLIB0039

    [Theory]
    [Trait("Req", "R-007")]
    [MemberData(nameof(Configured))]
    public void Fapi2_removes_versions_before_TLS_1_2_from_a_copy_only(SslProtocols configured, SslProtocols expected)
    {
        using SocketsHttpHandler sockets = new() { SslOptions = new() { EnabledSslProtocols = configured } };
        using HttpClientHandler classic = new() { SslProtocols = configured };
        Assert.Equal(expected, ProtocolsOf(TlsSettings.WithoutOldVersions.TryApplyToCopyOf(sockets)));
        Assert.Equal(expected, ProtocolsOf(TlsSettings.WithoutOldVersions.TryApplyToCopyOf(classic)));
        Assert.Equal((configured, configured), (ProtocolsOf(sockets), ProtocolsOf(classic)));
    }

    [Theory]
    [Trait("Req", "R-007")]
    [InlineData(true, Modern)]
    [InlineData(false, SslProtocols.None)]
    public void A_connection_that_shows_a_certificate_has_old_versions_without_Fapi2_only(bool needsTls12, SslProtocols expected)
    {
        using X509Certificate2 certificate = Certificates.Create();
        using SocketsHttpHandler sockets = new();
        using HttpClientHandler classic = new();
        TlsCertificate tls = new(certificate, []) { NeedsTls12 = needsTls12 };
        Assert.Equal(expected, ProtocolsOf(tls.TryApplyToCopyOf(sockets)));
        Assert.Equal(expected, ProtocolsOf(tls.TryApplyToCopyOf(classic)));
    }

    [Fact]
    [Trait("Req", "R-007")]
    public void The_HttpClient_of_Fapi2_is_the_token_HttpClient_without_old_versions()
    {
        List<SslProtocols> created = [];
        ServiceCollection services = new();
        services.AddClientCredentials(options => TestProvider.Configure(options)).ConfigureHttpClient(http =>
            http.ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler { MaxConnectionsPerServer = 7 }));
        services.AddSingleton<IHttpMessageHandlerBuilderFilter>(new Observer(created));
        using ServiceProvider provider = services.BuildServiceProvider();
        provider.GetRequiredService<IHttpClientFactory>().CreateClient(TokenClient.HttpClientName).Dispose();
        provider.GetRequiredService<CertificateHttpClients>()
            .CreateClient(TokenClient.HttpClientName, TlsSettings.WithoutOldVersions).Dispose();
        Assert.Equal([SslProtocols.None, Modern], created);
    }

    [Theory]
    [Trait("Req", "R-007")]
    [InlineData(true)]
    [InlineData(false)]
    public void Only_a_client_with_Fapi2_needs_TLS_1_2(bool requireFapi2) => Assert.Equal(
        requireFapi2 ? TlsSettings.WithoutOldVersions : null,
        Fapi2Profile.TlsOf(new() { RequireFapi2 = requireFapi2 }));

    private static SslProtocols ProtocolsOf(HttpMessageHandler? handler) => handler switch
    {
        SocketsHttpHandler sockets => sockets.SslOptions.EnabledSslProtocols,
        HttpClientHandler classic => classic.SslProtocols,
        _ => throw new ArgumentException("The handler was not copied.", nameof(handler)),
    };

    private sealed class Observer(List<SslProtocols> created) : IHttpMessageHandlerBuilderFilter
    {
        public Action<HttpMessageHandlerBuilder> Configure(Action<HttpMessageHandlerBuilder> next) => handlers =>
        {
            next(handlers);
            SocketsHttpHandler transport = (SocketsHttpHandler)HandlerCopy.TransportOf(handlers.PrimaryHandler);
            Assert.Equal(7, transport.MaxConnectionsPerServer);
            created.Add(transport.SslOptions.EnabledSslProtocols);
        };
    }
}
