using System.Formats.Asn1;
using System.Numerics;
using System.Security.Cryptography;

namespace OAuthClientCredentials.Authentication;

/// <summary>
/// The content of a key or certificate in the form in which people store it: PEM, DER, PKCS#12 or JSON, also in quotation marks, with
/// escaped line breaks or in Base64. The packages that read keys compile this file.
/// </summary>
internal sealed record CredentialContent
{
    private const string Begin = "-----BEGIN";
    private const string Pkcs12Label = "PKCS12";

    // ERROR_INVALID_PASSWORD: .NET uses it on every platform.
    private const int WrongPassword = unchecked((int)0x80070056);

    private CredentialContent(string text, byte[]? pkcs12) => (Text, Pkcs12) = (text, pkcs12);

    /// <summary>PEM or JSON. Other text is unchanged. Empty for PKCS#12.</summary>
    public string Text { get; }

    public byte[]? Pkcs12 { get; }

    public bool IsPem => Text.StartsWith(Begin, StringComparison.Ordinal);

    public bool IsJson => Text.StartsWith('{');

    public static CredentialContent Parse(byte[] content)
    {
        if (LabelOf(content) is { } label)
        {
            return FromDer(label, content);
        }

        // PowerShell writes UTF-16, so the reader detects the encoding.
        using StreamReader reader = new(new MemoryStream(content));

        // No value in PEM or a JWK contains a line break or a quotation mark, so an escaped one comes from a variable or a JSON string.
        string text = reader.ReadToEnd()
            .Replace("\\r", "", StringComparison.Ordinal)
            .Replace("\\n", "\n", StringComparison.Ordinal)
            .Replace("\\\"", "\"", StringComparison.Ordinal)
            .Trim()
            .Trim('"', '\'')
            .Trim();
        int begin = text.IndexOf(Begin, StringComparison.Ordinal);
        if (begin >= 0)
        {
            return new(text[begin..], null);
        }

        return FromBase64(text) ?? new(text, null);
    }

    /// <summary>The reason and the remedy if .NET cannot read PKCS#12.</summary>
    public static string ProblemOfPkcs12(CryptographicException exception, string? password, string passwordOption)
    {
        if (exception.HResult != WrongPassword)
        {
            return "is PKCS#12 that .NET cannot read: its key may be of a type that .NET does not support, such as Ed25519 or RSA-PSS. "
                + "Use a certificate with an RSA or EC key";
        }

        if (string.IsNullOrEmpty(password))
        {
            return $"is PKCS#12 with a password. Set {passwordOption}";
        }

        return $"is PKCS#12 with another password. Correct {passwordOption}";
    }

    private static CredentialContent FromDer(string label, byte[] content)
    {
        if (label == Pkcs12Label)
        {
            return new("", content);
        }

        return new(PemEncoding.WriteString(label, content), null);
    }

    private static CredentialContent? FromBase64(string text)
    {
        byte[] decoded = new byte[text.Length];
        if (text.Length == 0 || !Convert.TryFromBase64String(text, decoded, out int length))
        {
            return null;
        }

        CredentialContent content = Parse(decoded[..length]);
        return content.IsPem || content.IsJson || content.Pkcs12 is not null ? content : null;
    }

    // DER does not name its type, but each type starts with other elements (RFC 5208, 5280, 5915, 7292, 8017).
    private static string? LabelOf(byte[] content)
    {
        try
        {
            AsnReader sequence = new AsnReader(content, AsnEncodingRules.BER).ReadSequence();
            if (sequence.PeekTag().HasSameClassAndValue(Asn1Tag.Sequence))
            {
                sequence.ReadEncodedValue();
                return LabelWithoutVersion(sequence);
            }

            return LabelWithVersion(sequence.ReadInteger(), sequence);
        }
        catch (AsnContentException)
        {
            return null;
        }
    }

    private static string? LabelWithoutVersion(AsnReader rest) => (UniversalTagNumber)rest.PeekTag().TagValue switch
    {
        UniversalTagNumber.OctetString => "ENCRYPTED PRIVATE KEY",
        UniversalTagNumber.BitString => "PUBLIC KEY",
        UniversalTagNumber.Sequence => "CERTIFICATE",
        _ => null,
    };

    private static string? LabelWithVersion(BigInteger version, AsnReader rest) => (UniversalTagNumber)rest.PeekTag().TagValue switch
    {
        UniversalTagNumber.Sequence when version == 3 => Pkcs12Label,
        UniversalTagNumber.Sequence => "PRIVATE KEY",
        UniversalTagNumber.OctetString => "EC PRIVATE KEY",
        UniversalTagNumber.Integer when version.IsZero => "RSA PRIVATE KEY",
        _ => null,
    };
}
