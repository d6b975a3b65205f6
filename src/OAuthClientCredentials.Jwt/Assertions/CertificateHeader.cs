using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Microsoft.IdentityModel.Tokens;

namespace OAuthClientCredentials.Jwt.Assertions;

/// <summary>How the header of an assertion names the certificate that signs it (RFC 7515 section 4.1, R-355).</summary>
internal static class CertificateHeader
{
    public const string Sha256 = "x5t#S256";

    private const string Sha1 = "x5t";
    private const string Chain = "x5c";

    public static readonly string[] All = [Sha256, Sha1, Chain];

    public static void Write(Utf8JsonWriter writer, string header, X509Certificate2 certificate)
    {
        if (header == Sha1)
        {
            writer.WriteString(Sha1, Base64UrlEncoder.Encode(certificate.GetCertHash()));
            return;
        }

        writer.WriteString(Sha256, Base64UrlEncoder.Encode(certificate.GetCertHash(HashAlgorithmName.SHA256)));
        if (header == Chain)
        {
            writer.WriteStartArray(Chain);
            writer.WriteBase64StringValue(certificate.RawData);
            writer.WriteEndArray();
        }
    }
}
