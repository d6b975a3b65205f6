using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http;
using Microsoft.Extensions.Options;
using OAuthClientCredentials.HttpClients;
using OAuthClientCredentials.Tests.Infrastructure;
using OAuthClientCredentials.Transport;

namespace OAuthClientCredentials.Tests.DependencyInjection;

/// <summary>HttpClients that show a certificate each.</summary>
public sealed class CertificateHttpClientsTests
{
    private const int Count = 40;

    [Fact]
    [Trait("Req", "R-152")]
    public async Task Any_number_of_clients_with_certificates_get_their_first_token_at_once()
    {
        X509Certificate2[] certificates = [.. Enumerable.Range(0, Count).Select(Create)];
        for (int round = 0; round < 20; round++)
        {
            await using ServiceProvider services = Build(certificates);
            ITokenProvider tokens = services.GetRequiredService<ITokenProvider>();
            string[] shown = await Task.WhenAll(Enumerable.Range(0, Count).Select(number => Task.Run(async () => (await tokens.GetTokenAsync($"c{number}")).Value)));
            Assert.Equal(certificates.Select(certificate => certificate.Thumbprint), shown);
        }
    }

    [Fact]
    [Trait("Req", "R-152")]
    public async Task Any_number_of_HttpClients_with_certificates_can_be_made_at_the_same_moment()
    {
        X509Certificate2[] certificates = [.. Enumerable.Range(0, Count).Select(Create)];
        using AllAtOnce moment = new();
        await using ServiceProvider services = Build(certificates, moment);
        CertificateHttpClients clients = services.GetRequiredService<CertificateHttpClients>();
        await Task.WhenAll(certificates.Select(certificate => Task.Factory.StartNew(
            () => clients.CreateClient(TokenClient.HttpClientName, new(certificate, [])).Dispose(),
            TaskCreationOptions.LongRunning)));
    }

    [Fact]
    [Trait("Req", "R-152")]
    public async Task Options_of_former_certificates_are_not_kept()
    {
        X509Certificate2[] certificates = [.. Enumerable.Range(0, Count).Select(Create)];
        await using ServiceProvider services = Build(certificates);
        CertificateHttpClients clients = services.GetRequiredService<CertificateHttpClients>();
        IOptionsMonitorCache<HttpClientFactoryOptions> cache = services.GetRequiredService<IOptionsMonitorCache<HttpClientFactoryOptions>>();
        foreach (X509Certificate2 certificate in certificates)
        {
            TlsCertificate shown = new(certificate, []);
            clients.CreateClient(TokenClient.HttpClientName, shown).Dispose();
            Assert.False(cache.TryRemove($"{TokenClient.HttpClientName} with certificate {shown.Thumbprint}"));
        }

        IHttpClientFactory factory = services.GetRequiredService<IHttpClientFactory>();
        InvalidOperationException refused = Assert.Throws<InvalidOperationException>(() => factory.CreateClient($"{TokenClient.HttpClientName} with certificate x"));
        Assert.Contains("is made by OAuthClientCredentials only", refused.Message, StringComparison.Ordinal);
    }

    private static ServiceProvider Build(X509Certificate2[] certificates, AllAtOnce? moment = null)
    {
        ServiceCollection services = new();
        if (moment is not null)
        {
            services.AddSingleton<IConfigureOptions<HttpClientFactoryOptions>>(moment);
        }

        for (int number = 0; number < certificates.Length; number++)
        {
            X509Certificate2 certificate = certificates[number];
            services.AddClientCredentials($"c{number}", options =>
            {
                (options.TokenEndpoint, options.ClientId, options.MaxRetries) = (OneClient.Endpoint, "shop", 0);
                options.UseCertificate(_ => new(certificate));
            });
        }

        services.AddHttpClient(TokenClient.HttpClientName).AddHttpMessageHandler(() => new ShowCertificate());
        return services.BuildServiceProvider();
    }

    private static X509Certificate2 Create(int number)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new($"CN=client-{number}", key, HashAlgorithmName.SHA256);
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(100));
    }

    /// <summary>Holds the making of each HttpClient with a certificate until the last one has begun.</summary>
    private sealed class AllAtOnce : IConfigureNamedOptions<HttpClientFactoryOptions>, IDisposable
    {
        private readonly Barrier _barrier = new(Count);

        public void Configure(HttpClientFactoryOptions options) => Configure("", options);

        public void Configure(string? name, HttpClientFactoryOptions options)
        {
            if (CertificateHttpClients.IsOne(name))
            {
                Assert.True(_barrier.SignalAndWait(TimeSpan.FromSeconds(30)));
            }
        }

        public void Dispose() => _barrier.Dispose();
    }

    /// <summary>In place of a server: answers with a token named after the certificate that the connection would show.</summary>
    private sealed class ShowCertificate : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            HttpMessageHandler? handler = InnerHandler;
            while (handler is DelegatingHandler outer)
            {
                handler = outer.InnerHandler;
            }

            string shown = handler switch
            {
                SocketsHttpHandler sockets => sockets.SslOptions.ClientCertificateContext!.TargetCertificate.Thumbprint,
                HttpClientHandler classic => ((X509Certificate2)classic.ClientCertificates[0]).Thumbprint,
                _ => "none",
            };
            return Task.FromResult(Respond.Token(shown, 3600));
        }
    }
}
