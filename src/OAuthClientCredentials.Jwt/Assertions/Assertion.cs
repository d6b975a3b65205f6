using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace OAuthClientCredentials.Jwt.Assertions;

/// <summary>What one assertion says (RFC 7523 section 3, RFC 10070). A new one for every attempt: its <c>jti</c> is good once.</summary>
internal sealed record Assertion(string ClientId, string Audience, string Type, DateTimeOffset Now, TimeSpan Lifetime)
{
    // 160 bits.
    private const int IdBytes = 20;

    // Nothing of it goes into a page; a server that compares bytes should see the plus sign of the type as one.
    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <returns>The assertion, or <see langword="null"/> if the signature cannot be one of that algorithm.</returns>
    public async ValueTask<string?> SignAsync(AssertionSigner signer, string? certificateThumbprint, CancellationToken cancellationToken)
    {
        string input = $"{Encode(writer => WriteHeader(writer, signer, certificateThumbprint))}.{Encode(WriteClaims)}";
        byte[] signature = await signer.SignAsync(Encoding.ASCII.GetBytes(input), cancellationToken).ConfigureAwait(false);
        return signature.Length == Algorithms.SignatureBytes(signer.Algorithm, signature.Length) ? $"{input}.{Base64UrlEncoder.Encode(signature)}" : null;
    }

    private void WriteHeader(Utf8JsonWriter writer, AssertionSigner signer, string? certificateThumbprint)
    {
        writer.WriteString(JwtHeaderParameterNames.Alg, signer.Algorithm);
        writer.WriteString(JwtHeaderParameterNames.Typ, Type);
        WriteIfAny(writer, JwtHeaderParameterNames.Kid, signer.KeyId);
        WriteIfAny(writer, "x5t#S256", certificateThumbprint);
    }

    // without nbf, which a server whose clock is behind would refuse.
    private void WriteClaims(Utf8JsonWriter writer)
    {
        writer.WriteString(JwtRegisteredClaimNames.Iss, ClientId);
        writer.WriteString(JwtRegisteredClaimNames.Sub, ClientId);

        // one string, never an array.
        writer.WriteString(JwtRegisteredClaimNames.Aud, Audience);
        writer.WriteString(JwtRegisteredClaimNames.Jti, Base64UrlEncoder.Encode(RandomNumberGenerator.GetBytes(IdBytes)));
        writer.WriteNumber(JwtRegisteredClaimNames.Iat, Now.ToUnixTimeSeconds());
        writer.WriteNumber(JwtRegisteredClaimNames.Exp, (Now + Lifetime).ToUnixTimeSeconds());
    }

    private static void WriteIfAny(Utf8JsonWriter writer, string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            writer.WriteString(name, value);
        }
    }

    private static string Encode(Action<Utf8JsonWriter> write)
    {
        ArrayBufferWriter<byte> buffer = new(256);
        using Utf8JsonWriter writer = new(buffer, Plain);
        writer.WriteStartObject();
        write(writer);
        writer.WriteEndObject();
        writer.Flush();
        return Base64UrlEncoder.Encode(buffer.WrittenSpan.ToArray());
    }
}
