using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.Tokens;
using OAuthClientCredentials.Jwt;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Authentication;

/// <summary>The server rejects a credential. It is sent once more at once if it has changed meanwhile, and else not.</summary>
public sealed class RejectedCredentialTests : IDisposable
{
    private readonly TemporaryFile _file = new("");
    private readonly X509Certificate2[] _certificates = [Certificates.Create(), Certificates.Create()];
    private readonly ECDsa[] _keys = [ECDsa.Create(ECCurve.NamedCurves.nistP256), ECDsa.Create(ECCurve.NamedCurves.nistP256)];
    private int _current;

    public static TheoryData<string> Sources =>
    [
        "ClientSecretFile", "ClientAssertionFile", "UseClientAssertion", "PrivateKeyFile", "CertificateFile", "UseCertificate",
        "certificate that signs", "signer", "SigningCredentials",
    ];

    [Theory]
    [Trait("Req", "R-313")]
    [MemberData(nameof(Sources))]
    public async Task Changed_credential_is_read_and_sent_at_once(string source)
    {
        Rotate(0, source);
        await using TestTokenClient client = new(options => Configure(options, source));
        client.Server.Always(request =>
        {
            Rotate(1, source);
            return request.Number == 1 ? TestResponse.Error("invalid_client") : TestResponse.Token();
        });
        await client.RequestAsync();
        Assert.Equal(2, client.Server.Requests.Count);
    }

    [Theory]
    [Trait("Req", "R-024")]
    [Trait("Req", "R-313")]
    [MemberData(nameof(Sources))]
    [InlineData("client_secret_basic")]
    [InlineData("client_secret_post")]
    public async Task Unchanged_credential_is_sent_once_and_in_one_style(string source)
    {
        Rotate(0, source);
        await using TestTokenClient client =
            TestTokenClient.Receiving(TestResponse.Error("invalid_client"), options => Configure(options, source));
        await client.FailAsync();
        Assert.Single(client.Server.Requests);
    }

    [Theory]
    [Trait("Req", "R-074")]
    [InlineData("CertificateFile", "CertificatePassword")]
    [InlineData("PrivateKeyFile", "PrivateKeyPassword")]
    public async Task Corrected_file_and_password_are_used_by_the_next_call(string file, string password)
    {
        _file.Dispose();
        await using TestProvider provider = TestProvider.FromConfiguration(
            [
                ("orders:TokenEndpoint", TestProvider.TokenEndpoint), ("orders:ClientId", "shop"), ("orders:MaxRetries", "0"),
                ("orders:AssertionAudience", "https://id.example.com"), ($"orders:{file}", _file.Path),
                ($"orders:{password}", "canary-wrong"),
            ],
            services => services.AddClientCredentials().AddJwtAuthentication());
        await provider.FailAsync("orders");
        File.WriteAllBytes(_file.Path, _certificates[0].Export(X509ContentType.Pfx, "canary-right"));
        provider.Reload($"orders:{password}", "canary-right");
        Assert.Equal("token-1", await provider.GetAsync("orders"));
    }

    public void Dispose()
    {
        _file.Dispose();
        Array.ForEach(_certificates, certificate => certificate.Dispose());
        Array.ForEach(_keys, key => key.Dispose());
    }

    private void Rotate(int current, string source)
    {
        _current = current;
        _file.Write(source switch
        {
            "PrivateKeyFile" => _keys[current].ExportPkcs8PrivateKeyPem(),
            "CertificateFile" or "certificate that signs" => Certificates.Pem(_certificates[current]),
            _ => $"credential {current}",
        });
    }

    private void Configure(ClientCredentialsOptions options, string source)
    {
        (options.ClientSecret, options.AssertionAudience, options.MaxRetries) = (null, "https://id.example.com", 2);
        AssertionSigner[] signers = [.. _keys.Select(key => new EcSigner(key))];
        switch (source)
        {
            case "client_secret_basic" or "client_secret_post":
                (options.AuthenticationMethod, options.ClientSecret) = (source, "secret");
                break;
            case "ClientSecretFile": options.ClientSecretFile = _file.Path; break;
            case "ClientAssertionFile": options.ClientAssertionFile = _file.Path; break;
            case "UseClientAssertion": options.UseClientAssertion(_ => new($"assertion {_current}")); break;
            case "PrivateKeyFile":
                options.PrivateKeyFile = _file.Path;
                options.UseJwtAuthentication();
                break;
            case "CertificateFile": options.CertificateFile = _file.Path; break;
            case "UseCertificate": options.UseCertificate(_ => new(_certificates[_current])); break;
            case "certificate that signs":
                options.CertificateFile = _file.Path;
                options.UseJwtAuthentication();
                break;
            case "signer": options.UsePrivateKeyJwt(_ => new(signers[_current])); break;
            default:
                options.UsePrivateKeyJwt(_ =>
                    new(AssertionSigner.From(new SigningCredentials(new ECDsaSecurityKey(_keys[_current]), "ES256"))));
                break;
        }
    }

    /// <summary>Has no <c>kid</c>, as for a server that accepts one key only.</summary>
    private sealed class EcSigner(ECDsa key) : AssertionSigner
    {
        public override string Algorithm => "ES256";

        public override ValueTask<byte[]> SignAsync(ReadOnlyMemory<byte> signingInput, CancellationToken cancellationToken) =>
            new(key.SignData(signingInput.Span, HashAlgorithmName.SHA256));
    }
}
