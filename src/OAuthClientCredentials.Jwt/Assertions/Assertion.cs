using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace OAuthClientCredentials.Jwt.Assertions;

/// <summary>
/// The content of one assertion (RFC 7523 section 3, RFC 10070). Every attempt has a new one, because servers accept a <c>jti</c> once.
/// </summary>
internal sealed record Assertion(string ClientId, string Audience, string Type, DateTimeOffset Now, TimeSpan Lifetime)
{
    // 160 bits, so that no jti is ever repeated.
    private const int IdBytes = 20;

    // The '+' in the type is written as it is, for servers that compare the bytes. The text is never part of an HTML page.
    private static readonly JsonWriterOptions WriterOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>How the header names the certificate of the key, if there is one.</summary>
    public string CertificateName { get; init; } = CertificateHeader.Sha256;

    /// <summary>Signs the assertion with a new <c>jti</c>.</summary>
    /// <returns>
    /// The signed assertion, or <see langword="null"/> if the signature does not have the length that its algorithm requires.
    /// </returns>
    public async ValueTask<string?> SignAsync(AssertionSigner signer, CancellationToken cancellationToken)
    {
        string input = $"{Encode(writer => WriteHeader(writer, signer))}.{Encode(WriteClaims)}";
        byte[] signature = await signer.SignAsync(Encoding.ASCII.GetBytes(input), cancellationToken).ConfigureAwait(false);
        if (!Algorithms.IsSignatureLength(signer.Algorithm, signature.Length))
        {
            return null;
        }

        return $"{input}.{Base64UrlEncoder.Encode(signature)}";
    }

    private void WriteHeader(Utf8JsonWriter writer, AssertionSigner signer)
    {
        writer.WriteString(JwtHeaderParameterNames.Alg, signer.Algorithm);
        writer.WriteString(JwtHeaderParameterNames.Typ, Type);

        if (!string.IsNullOrEmpty(signer.KeyId))
        {
            writer.WriteString(JwtHeaderParameterNames.Kid, signer.KeyId);
        }

        if (signer.Certificate is not null)
        {
            CertificateHeader.Write(writer, CertificateName, signer.Certificate);
        }
    }

    // There is no nbf: a server whose clock is behind would reject the assertion.
    private void WriteClaims(Utf8JsonWriter writer)
    {
        writer.WriteString(JwtRegisteredClaimNames.Iss, ClientId);
        writer.WriteString(JwtRegisteredClaimNames.Sub, ClientId);

        // A single string, never an array: the issuer is the only audience (RFC 10070, R-140).
        writer.WriteString(JwtRegisteredClaimNames.Aud, Audience);
        writer.WriteString(JwtRegisteredClaimNames.Jti, Base64UrlEncoder.Encode(RandomNumberGenerator.GetBytes(IdBytes)));
        writer.WriteNumber(JwtRegisteredClaimNames.Iat, Now.ToUnixTimeSeconds());
        writer.WriteNumber(JwtRegisteredClaimNames.Exp, (Now + Lifetime).ToUnixTimeSeconds());
    }

    private static string Encode(Action<Utf8JsonWriter> write)
    {
        ArrayBufferWriter<byte> buffer = new(256);
        using Utf8JsonWriter writer = new(buffer, WriterOptions);
        writer.WriteStartObject();
        write(writer);
        writer.WriteEndObject();
        writer.Flush();
        return Base64UrlEncoder.Encode(buffer.WrittenSpan.ToArray());
    }
}
