using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials;
using OAuthClientCredentials.Tests.Shared;

/// <summary>
/// Clients with a key and with a certificate from configuration. They are a second application, so that the start of the first is measured
/// without them.
/// </summary>
internal static class KeysAndCertificates
{
    private const string Issuer = "https://id.example.com";

    public static async Task RunAsync(TestServer server, Action<string, bool> check)
    {
        using X509Certificate2 serverCertificate = SelfSigned("127.0.0.1");
        using X509Certificate2 clientCertificate = SelfSigned("shop");
        using ECDsa certificateKey = clientCertificate.GetECDsaPrivateKey()!;
        using LoopbackServer mutual = new(Respond, serverCertificate);
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using ECDsa otherKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        string folder = Directory.CreateTempSubdirectory().FullName;
        string keyFile = Path.Combine(folder, "key.pem");
        string certificateFile = Path.Combine(folder, "tls.pem");
        server.Assertions = new(key, Issuer);
        await File.WriteAllTextAsync(keyFile, key.ExportPkcs8PrivateKeyPem());
        string pem = $"{clientCertificate.ExportCertificatePem()}\n{certificateKey.ExportPkcs8PrivateKeyPem()}";
        await File.WriteAllTextAsync(certificateFile, pem);

        IConfiguration configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["ClientCredentials:signed:TokenEndpoint"] = $"{server.Address}token",
            ["ClientCredentials:signed:ClientId"] = "shop",
            ["ClientCredentials:signed:PrivateKeyFile"] = keyFile,
            ["ClientCredentials:signed:AssertionAudience"] = Issuer,
            ["ClientCredentials:bound:TokenEndpoint"] = $"{mutual.Address}token",
            ["ClientCredentials:bound:ClientId"] = "shop",
            ["ClientCredentials:bound:CertificateFile"] = certificateFile,
            ["ClientCredentials:bound:CertificateBoundTokens"] = "true",
        }).Build();
        Func<SocketsHttpHandler> handler = () => Trusting(serverCertificate);
        ServiceCollection services = new();
        services.AddSingleton(configuration);
        services.AddClientCredentials()
            .AddJwtAuthentication()
            .ConfigureHttpClient(http => http.ConfigurePrimaryHttpMessageHandler(handler));
        services.AddHttpClient("bound", client => client.BaseAddress = mutual.Address)
            .ConfigurePrimaryHttpMessageHandler(handler)
            .AddClientCredentialsHandler("bound");
        await using ServiceProvider provider = services.BuildServiceProvider();

        check("a key from configuration signs valid assertions", await RequestAsync(provider) && await RequestAsync(provider));
        await File.WriteAllTextAsync(keyFile, otherKey.ExportPkcs8PrivateKeyPem());
        check("a changed key file is read again and the other key is rejected", !await RequestAsync(provider));
        check("a bound token is sent with its certificate", await CallAsync(provider) && await CallAsync(provider));
        Directory.Delete(folder, recursive: true);
    }

    // Binds the token to the client certificate, and accepts it only with that certificate.
    private static string? Respond(LoopbackRequest request)
    {
        string? certificate = request.Certificate?.GetCertHashString(HashAlgorithmName.SHA256);
        if (certificate is null)
        {
            return null;
        }

        if (request.IsTokenRequest)
        {
            return $$"""{"access_token":"for-{{certificate}}","token_type":"Bearer","expires_in":3600}""";
        }

        return request.Authorization == $"Bearer for-{certificate}" ? "{}" : null;
    }

    private static SocketsHttpHandler Trusting(X509Certificate2 server) => new()
    {
        SslOptions = new()
        {
            CertificateChainPolicy = new()
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                CustomTrustStore = { server },
                RevocationMode = X509RevocationMode.NoCheck,
            },
        },
    };

    private static X509Certificate2 SelfSigned(string name)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new($"CN={name}", key, HashAlgorithmName.SHA256);
        SubjectAlternativeNameBuilder names = new();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30));
    }

    // TokenClient does not cache: each call is a token request.
    private static async Task<bool> RequestAsync(ServiceProvider provider)
    {
        try
        {
            return (await provider.GetRequiredService<TokenClient>().RequestTokenAsync("signed")).Value.Length > 0;
        }
        catch (TokenRequestException exception) when (exception.Error == "invalid_client")
        {
            return false;
        }
    }

    private static async Task<bool> CallAsync(ServiceProvider provider)
    {
        HttpClient client = provider.GetRequiredService<IHttpClientFactory>().CreateClient("bound");
        using HttpResponseMessage response = await client.GetAsync("/orders");
        return response.IsSuccessStatusCode;
    }
}
