using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.IdentityModel.Tokens;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Jwt;

/// <summary>How an assertion names the certificate that signs it.</summary>
public sealed class CertificateHeaderTests : IDisposable
{
    private readonly X509Certificate2 _certificate = Certificates.Create();

    public void Dispose() => _certificate.Dispose();

    [Theory]
    [Trait("Req", "R-355")]
    [InlineData(null, "\"x5t#S256\":\"{sha256}\"")]
    [InlineData("", "\"x5t#S256\":\"{sha256}\"")]
    [InlineData("x5t#S256", "\"x5t#S256\":\"{sha256}\"")]
    [InlineData("x5t", "\"x5t\":\"{sha1}\"")]
    [InlineData("x5c", "\"x5t#S256\":\"{sha256}\",\"x5c\":[\"{certificate}\"]")]
    public async Task Certificate_is_named_by_the_configured_header(string? header, string expected)
    {
        await using AssertionClient client = new(options =>
        {
            (options.AuthenticationMethod, options.AssertionCertificateHeader) = ("private_key_jwt", header);
            options.UseCertificate(_ => new(_certificate));
        });
        Assert.Empty(client.Provider.ValidateOnStart());
        DecodedAssertion assertion = await client.SignAsync();
        string filled = expected
            .Replace("{sha256}", Base64UrlEncoder.Encode(_certificate.GetCertHash(HashAlgorithmName.SHA256)), StringComparison.Ordinal)
            .Replace("{sha1}", Base64UrlEncoder.Encode(Convert.FromHexString(_certificate.Thumbprint)), StringComparison.Ordinal)
            .Replace("{certificate}", Convert.ToBase64String(_certificate.RawData), StringComparison.Ordinal);
        Assert.Equal($$"""{"alg":"ES256","typ":"client-authentication+jwt",{{filled}}}""", assertion.Header.GetRawText());
    }

    [Theory]
    [Trait("Req", "R-355")]
    [InlineData("X5C", true, "must be one of x5t#S256, x5t, x5c")]
    [InlineData("x5c", false, "needs a certificate that signs. Set CertificateFile instead of the key, or remove this option")]
    public async Task Header_that_cannot_be_sent_is_an_error_at_start(string header, bool isByCertificate, string problem)
    {
        await using AssertionClient client = new(options =>
        {
            (options.AuthenticationMethod, options.AssertionCertificateHeader) = ("private_key_jwt", header);
            if (isByCertificate)
            {
                options.UseCertificate(_ => new(_certificate));
            }
            else
            {
                options.PrivateKey = Certificates.KeyPem(_certificate);
            }
        });
        string failure = Assert.Single(client.Provider.ValidateOnStart());
        Assert.Equal($"Client '0': AssertionCertificateHeader {problem}.", failure);
    }
}
