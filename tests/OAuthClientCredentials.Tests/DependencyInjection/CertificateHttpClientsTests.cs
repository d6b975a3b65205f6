using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http;
using Microsoft.Extensions.Options;
using OAuthClientCredentials.HttpClients;
using OAuthClientCredentials.Tests.Infrastructure;
using OAuthClientCredentials.Transport;

namespace OAuthClientCredentials.Tests.DependencyInjection;

/// <summary>HttpClients that use a certificate each.</summary>
public sealed class CertificateHttpClientsTests : IDisposable
{
    private const int Count = 40;

    private readonly X509Certificate2[] _certificates =
        [.. Enumerable.Range(0, Count).Select(number => Certificates.Create($"client-{number}"))];

    public void Dispose() => Array.ForEach(_certificates, certificate => certificate.Dispose());

    [Fact]
    [Trait("Req", "R-152")]
    public async Task Concurrently_created_HttpClients_use_their_own_certificates()
    {
        using ConcurrentCreation barrier = new();
        await using ServiceProvider services = Build(barrier);
        CertificateHttpClients clients = services.GetRequiredService<CertificateHttpClients>();
        string[] used = await Task.WhenAll(_certificates.Select(certificate =>
            Task.Factory.StartNew(() => GetUsedCertificateAsync(clients, certificate), TaskCreationOptions.LongRunning).Unwrap()));
        Assert.Equal(_certificates.Select(certificate => certificate.Thumbprint), used);
    }

    [Fact]
    [Trait("Req", "R-152")]
    public async Task Options_of_previous_certificates_are_not_kept()
    {
        await using ServiceProvider services = Build();
        CertificateHttpClients clients = services.GetRequiredService<CertificateHttpClients>();
        IOptionsMonitorCache<HttpClientFactoryOptions> cache =
            services.GetRequiredService<IOptionsMonitorCache<HttpClientFactoryOptions>>();
        foreach (X509Certificate2 certificate in _certificates)
        {
            TlsCertificate used = new(certificate, []);
            clients.CreateClient(TokenClient.HttpClientName, used).Dispose();
            Assert.False(cache.TryRemove($"{TokenClient.HttpClientName} with certificate {used.Thumbprint}"));
        }

        IHttpClientFactory factory = services.GetRequiredService<IHttpClientFactory>();
        Assert.Throws<InvalidOperationException>(() => factory.CreateClient($"{TokenClient.HttpClientName} with certificate x"));
    }

    private static ServiceProvider Build(ConcurrentCreation? barrier = null)
    {
        ServiceCollection services = new();
        if (barrier is not null)
        {
            services.AddSingleton<IConfigureOptions<HttpClientFactoryOptions>>(barrier);
        }

        TestProvider.AddClient(services, "");
        services.AddHttpClient(TokenClient.HttpClientName).AddHttpMessageHandler(() => new CertificateEchoHandler());
        return services.BuildServiceProvider();
    }

    private static async Task<string> GetUsedCertificateAsync(CertificateHttpClients clients, X509Certificate2 certificate)
    {
        using HttpClient client = clients.CreateClient(TokenClient.HttpClientName, new TlsCertificate(certificate, []));
        return await client.GetStringAsync(TestProvider.TokenEndpoint);
    }

    /// <summary>Holds up the creation of each HttpClient with a certificate until the last one has started.</summary>
    private sealed class ConcurrentCreation : IConfigureNamedOptions<HttpClientFactoryOptions>, IDisposable
    {
        private readonly Barrier _barrier = new(Count);

        public void Configure(HttpClientFactoryOptions options) => Configure("", options);

        public void Configure(string? name, HttpClientFactoryOptions options)
        {
            if (CertificateHttpClients.IsCertificateClient(name))
            {
                Assert.True(_barrier.SignalAndWait(TimeSpan.FromSeconds(30)));
            }
        }

        public void Dispose() => _barrier.Dispose();
    }

    /// <summary>Responds with the thumbprint of the certificate that the connection would use.</summary>
    private sealed class CertificateEchoHandler : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            HttpMessageHandler? handler = InnerHandler;
            while (handler is DelegatingHandler outer)
            {
                handler = outer.InnerHandler;
            }

            X509Certificate2 used = ((SocketsHttpHandler)handler!).SslOptions.ClientCertificateContext!.TargetCertificate;
            return Task.FromResult(new HttpResponseMessage { Content = new StringContent(used.Thumbprint) });
        }
    }
}
