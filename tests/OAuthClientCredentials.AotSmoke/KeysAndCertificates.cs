using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials;

/// <summary>Clients that prove themselves by a key and by a certificate, from configuration. An application of its own, so that the first one's start is measured without it.</summary>
internal static class KeysAndCertificates
{
    private const string Issuer = "https://id.example.com";

    public static async Task RunAsync(LoopbackServer server, Action<string, bool> check)
    {
        using MutualTlsServer mutual = new();
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using ECDsa foreignKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        string folder = Directory.CreateTempSubdirectory().FullName;
        string keyFile = Path.Combine(folder, "key.pem");
        string certificateFile = Path.Combine(folder, "tls.pem");
        server.Assertions = new(key, Issuer);
        await File.WriteAllTextAsync(keyFile, key.ExportPkcs8PrivateKeyPem());
        await File.WriteAllTextAsync(certificateFile, CertificatePem());

        ServiceCollection services = new();
        services.AddSingleton(Configure(server, mutual, keyFile, certificateFile));
        services.AddClientCredentials().AddJwtAuthentication().ConfigureHttpClient(http => http.ConfigurePrimaryHttpMessageHandler(mutual.CreateHandler));
        services.AddHttpClient("bound", client => client.BaseAddress = mutual.Address).ConfigurePrimaryHttpMessageHandler(mutual.CreateHandler).AddClientCredentialsHandler("bound");
        await using ServiceProvider provider = services.BuildServiceProvider();

        check("a key from configuration signs what the server takes", await IssuesAsync(provider) && await IssuesAsync(provider));
        await File.WriteAllTextAsync(keyFile, foreignKey.ExportPkcs8PrivateKeyPem());
        check("another key in the file is noticed and refused", !await IssuesAsync(provider));
        check("a bound token is used with its certificate", await CallAsync(provider) && await CallAsync(provider));
        Directory.Delete(folder, recursive: true);
    }

    private static IConfiguration Configure(LoopbackServer server, MutualTlsServer mutual, string keyFile, string certificateFile) =>
        new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
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

    private static string CertificatePem()
    {
        using X509Certificate2 certificate = MutualTlsServer.SelfSigned("shop");
        using ECDsa key = certificate.GetECDsaPrivateKey()!;
        return $"{certificate.ExportCertificatePem()}\n{key.ExportPkcs8PrivateKeyPem()}";
    }

    // One token request each, past the cache.
    private static async Task<bool> IssuesAsync(ServiceProvider provider)
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
        using HttpResponseMessage response = await provider.GetRequiredService<IHttpClientFactory>().CreateClient("bound").GetAsync("/orders");
        return response.IsSuccessStatusCode;
    }
}
