using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.IdentityModel.Tokens;
using OAuthClientCredentials.Jwt;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Authentication;

/// <summary>The server changes over to the new credential just before a request with the old one arrives, and the new one comes to the application at that moment.</summary>
public sealed class RejectedCredentialTests : IDisposable
{
    private readonly string _file = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
    private readonly X509Certificate2 _certificate = Certificates.Create();
    private readonly X509Certificate2 _newCertificate = Certificates.Create();
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly ECDsa _newKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private bool _isNew;

    [Theory]
    [Trait("Req", "R-313")]
    [InlineData("ClientSecretFile")]
    [InlineData("ClientAssertionFile")]
    [InlineData("UseClientAssertion")]
    [InlineData("PrivateKeyFile")]
    [InlineData("CertificateFile")]
    [InlineData("UseCertificate")]
    [InlineData("certificate that signs")]
    [InlineData("signer")]
    [InlineData("SigningCredentials")]
    public async Task It_is_read_again_and_tried_again_at_once_if_it_has_changed(string source)
    {
        Change(isNew: false, source);
        int requests = 0;
        using Golden golden = new(_ =>
        {
            Change(isNew: true, source);
            return ++requests == 1 ? Respond.Error(HttpStatusCode.Unauthorized, "invalid_client") : null;
        });
        using OneClient client = new(golden.Handler, options => Configure(options, source));
        await client.GetAsync();
        Assert.Equal(2, requests);
    }

    [Theory]
    [Trait("Req", "R-024")]
    [Trait("Req", "R-313")]
    [InlineData("ClientSecretFile")]
    [InlineData("ClientAssertionFile")]
    [InlineData("UseClientAssertion")]
    [InlineData("PrivateKeyFile")]
    [InlineData("CertificateFile")]
    [InlineData("UseCertificate")]
    [InlineData("certificate that signs")]
    [InlineData("signer")]
    [InlineData("SigningCredentials")]
    public async Task One_that_has_not_changed_is_sent_once(string source)
    {
        Change(isNew: false, source);
        using Golden golden = new(_ => Respond.Error(HttpStatusCode.Unauthorized, "invalid_client"));
        using OneClient client = new(golden.Handler, options => Configure(options, source));
        await client.FailAsync();
        Assert.Single(golden.Requests);
    }

    public void Dispose()
    {
        File.Delete(_file);
        _certificate.Dispose();
        _newCertificate.Dispose();
        _key.Dispose();
        _newKey.Dispose();
    }

    private void Change(bool isNew, string source)
    {
        _isNew = isNew;
        X509Certificate2 certificate = isNew ? _newCertificate : _certificate;
        File.WriteAllText(_file, source switch
        {
            "PrivateKeyFile" => (isNew ? _newKey : _key).ExportPkcs8PrivateKeyPem(),
            "CertificateFile" or "certificate that signs" => Certificates.Pem(certificate),
            _ => isNew ? "new" : "old",
        });
    }

    private void Configure(ClientCredentialsOptions options, string source)
    {
        (options.ClientSecret, options.AssertionAudience) = (null, "https://id.example.com");
        AssertionSigner[] signers = [new Signer(_key), new Signer(_newKey)];
        switch (source)
        {
            case "ClientSecretFile": options.ClientSecretFile = _file; break;
            case "ClientAssertionFile": options.ClientAssertionFile = _file; break;
            case "UseClientAssertion": options.UseClientAssertion(_ => new(_isNew ? "new" : "old")); break;
            case "PrivateKeyFile":
                options.PrivateKeyFile = _file;
                options.UseJwtAuthentication();
                break;
            case "CertificateFile": options.CertificateFile = _file; break;
            case "UseCertificate": options.UseCertificate(_ => new(_isNew ? _newCertificate : _certificate)); break;
            case "certificate that signs":
                options.CertificateFile = _file;
                options.UseJwtAuthentication();
                break;
            case "signer": options.UsePrivateKeyJwt(_ => new(signers[_isNew ? 1 : 0])); break;
            default: options.UsePrivateKeyJwt(_ => new(AssertionSigner.From(new SigningCredentials(new ECDsaSecurityKey(_isNew ? _newKey : _key), "ES256")))); break;
        }
    }

    /// <summary>Names no key, as a server that knows one key only allows.</summary>
    private sealed class Signer(ECDsa key) : AssertionSigner
    {
        public override string Algorithm => "ES256";

        public override ValueTask<byte[]> SignAsync(ReadOnlyMemory<byte> signingInput, CancellationToken cancellationToken) =>
            new(key.SignData(signingInput.Span, HashAlgorithmName.SHA256));
    }
}
