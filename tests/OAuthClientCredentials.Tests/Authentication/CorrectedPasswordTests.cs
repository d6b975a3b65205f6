using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Authentication;

/// <summary>A password of a file was wrong, and is put right in the configuration.</summary>
public sealed class CorrectedPasswordTests : IDisposable
{
    private const string Password = "canary-right";

    private readonly string _file = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());

    [Theory]
    [Trait("Req", "R-074")]
    [InlineData("CertificateFile", "CertificatePassword")]
    [InlineData("PrivateKeyFile", "PrivateKeyPassword")]
    public async Task The_next_call_tries_it_at_once(string file, string password)
    {
        using X509Certificate2 certificate = Certificates.Create();
        using ConfigurationManager configuration = new();
        configuration.AddInMemoryCollection(new Dictionary<string, string?> { ["TokenEndpoint"] = OneClient.Endpoint, ["ClientId"] = "shop", ["AssertionAudience"] = "https://id.example.com", ["MaxRetries"] = "0", [file] = _file, [password] = "canary-wrong" });
        using Golden golden = new();
        ServiceCollection services = new();
        services.AddSingleton<TimeProvider>(new TestTimeProvider());
        services.AddClientCredentials("orders", configuration).AddJwtAuthentication().ConfigureHttpClient(http => http.ConfigurePrimaryHttpMessageHandler(() => new Showing(golden.Handler)));
        await using ServiceProvider application = services.BuildServiceProvider();
        ITokenProvider tokens = application.GetRequiredService<ITokenProvider>();
        _ = application.GetRequiredService<TokenClient>();
        await Assert.ThrowsAsync<TokenRequestException>(async () => await tokens.GetTokenAsync("orders"));
        File.WriteAllBytes(_file, certificate.Export(X509ContentType.Pfx, Password));
        configuration[password] = Password;
        ((IConfigurationRoot)configuration).Reload();
        await tokens.GetTokenAsync("orders");
        Assert.Single(golden.Requests);
    }

    public void Dispose() => File.Delete(_file);

    /// <summary>Could show a certificate, and answers by itself.</summary>
    private sealed class Showing(HttpMessageHandler answers) : DelegatingHandler(new SocketsHttpHandler())
    {
        private readonly HttpMessageInvoker _answers = new(answers, disposeHandler: false);

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => _answers.SendAsync(request, cancellationToken);
    }
}
