using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace OAuthClientCredentials.Diagnostics;

/// <summary>Names a token without disclosing it, so that the tokens of two processes can be compared .</summary>
internal static class Fingerprint
{
    /// <summary>The first 8 hexadecimal digits of the SHA-256 hash.</summary>
    public static string Of(string token)
    {
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes(token));
        return BinaryPrimitives.ReadUInt32BigEndian(hash).ToString("x8", CultureInfo.InvariantCulture);
    }
}
