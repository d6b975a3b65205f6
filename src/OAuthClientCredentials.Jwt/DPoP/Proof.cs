using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.IdentityModel.Tokens;
using OAuthClientCredentials.Jwt.Assertions;

namespace OAuthClientCredentials.Jwt.DPoP;

/// <summary>The content of one proof (RFC 9449 section 4.2). Every request that is sent has a new one.</summary>
internal readonly record struct Proof(string Method, string Uri, DateTimeOffset Now, string? Nonce, string? AccessToken = null)
{
    // 128 bits, so that no jti is ever repeated.
    private const int IdBytes = 16;

    // The text is never part of an HTML page.
    private static readonly JsonWriterOptions WriterOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Signs the proof with a new <c>jti</c>.</summary>
    /// <returns>The proof, or null if the signature does not have the length that its algorithm requires.</returns>
    public async ValueTask<string?> SignAsync(DPoPKey key, CancellationToken cancellationToken)
    {
        byte[] input = WriteInput(key.Header);
        byte[] signature = await key.Signer.SignAsync(input, cancellationToken).ConfigureAwait(false);
        if (!Algorithms.IsSignatureLength(key.Signer.Algorithm, signature.Length))
        {
            return null;
        }

        return $"{Encoding.ASCII.GetString(input)}.{Base64UrlEncoder.Encode(signature)}";
    }

    // The encoded header and claims, separated by a dot.
    private byte[] WriteInput(byte[] header)
    {
        ArrayBufferWriter<byte> claims = new(512);
        WriteClaims(claims);
        byte[] encoded = new byte[Base64.GetMaxEncodedToUtf8Length(claims.WrittenCount)];
        Base64.EncodeToUtf8(claims.WrittenSpan, encoded, out _, out int written);
        Span<byte> text = encoded.AsSpan(0, written).TrimEnd((byte)'=');
        text.Replace((byte)'+', (byte)'-');
        text.Replace((byte)'/', (byte)'_');
        return [.. header, (byte)'.', .. text];
    }

    private void WriteClaims(ArrayBufferWriter<byte> claims)
    {
        Span<byte> random = stackalloc byte[IdBytes];
        RandomNumberGenerator.Fill(random);
        using Utf8JsonWriter writer = new(claims, WriterOptions);
        writer.WriteStartObject();
        writer.WriteString("jti"u8, Convert.ToHexString(random));
        writer.WriteString("htm"u8, Method);
        writer.WriteString("htu"u8, Uri);
        writer.WriteNumber("iat"u8, Now.ToUnixTimeSeconds());
        if (AccessToken is not null)
        {
            writer.WriteString("ath"u8, Base64UrlEncoder.Encode(SHA256.HashData(Encoding.ASCII.GetBytes(AccessToken))));
        }

        if (Nonce is not null)
        {
            writer.WriteString("nonce"u8, Nonce);
        }

        writer.WriteEndObject();
    }
}
