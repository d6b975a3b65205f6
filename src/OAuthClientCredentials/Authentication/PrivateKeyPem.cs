using System.Formats.Asn1;
using System.Security.Cryptography;

namespace OAuthClientCredentials.Authentication;

/// <summary>The private key in a PEM text. The packages that read keys compile this file.</summary>
internal static class PrivateKeyPem
{
    private const string Label = "PRIVATE KEY";
    private const string EncryptedLabel = "ENCRYPTED PRIVATE KEY";
    private const string RsaPss = "1.2.840.113549.1.1.10";

    public static bool IsIn(string pem) => pem.Contains($"{Label}-----", StringComparison.Ordinal);

    /// <summary>Finds out why the private key cannot be read.</summary>
    /// <returns>The problem and the remedy, or <see langword="null"/> if the key can be imported.</returns>
    public static string? FindProblem(string pem, string? password, string passwordOption)
    {
        if (pem.Contains("Proc-Type:", StringComparison.Ordinal))
        {
            return "is encrypted in the old format (Proc-Type: 4,ENCRYPTED), which .NET does not support. "
                + "Convert it with: openssl pkcs8 -topk8 -in OLD.pem -out NEW.pem";
        }

        List<string> keys = KeysIn(pem);
        if (keys.Count == 0)
        {
            return "is not complete PEM. It needs its BEGIN line, its END line and all lines between them";
        }

        if (keys.Count > 1)
        {
            return $"is one of {keys.Count} private keys. Keep one";
        }

        if (keys[0].StartsWith("-----BEGIN OPENSSH", StringComparison.Ordinal))
        {
            return "is in the format of OpenSSH, which .NET does not support. Convert it with: ssh-keygen -p -m PKCS8 -f KEY";
        }

        if (IsEncrypted(keys[0]) && string.IsNullOrEmpty(password))
        {
            return $"is encrypted. Set {passwordOption}";
        }

        if (!IsEncrypted(keys[0]) && !string.IsNullOrEmpty(password))
        {
            return $"is not encrypted, but {passwordOption} is set. Remove {passwordOption}";
        }

        return FindProblemOf(keys[0], password, passwordOption);
    }

    /// <summary>Imports the only private key in the text.</summary>
    /// <returns>An EC or RSA key, or <see langword="null"/> for another key or a wrong password.</returns>
    public static AsymmetricAlgorithm? Import(string pem, string? password)
    {
        string key = KeysIn(pem)[0];
        return Import(ECDsa.Create(), key, password) ?? Import(RSA.Create(), WithoutPss(key), password);
    }

    /// <summary>The name of an algorithm that .NET does not support, or <see langword="null"/> for others.</summary>
    public static string? UnsupportedName(string? algorithm) => algorithm switch
    {
        "1.3.101.112" => "Ed25519",
        "1.3.101.113" => "Ed448",
        RsaPss => "RSA-PSS",
        _ => null,
    };

    private static string? FindProblemOf(string key, string? password, string passwordOption)
    {
        using AsymmetricAlgorithm? imported = Import(key, password);
        if (imported is not null)
        {
            return null;
        }

        if (IsEncrypted(key))
        {
            return $"cannot be decrypted: {passwordOption} is wrong, or the key is neither an RSA nor an EC key. Correct {passwordOption}";
        }

        if (UnsupportedName(Pkcs8Of(key)?.Algorithm) is { } name)
        {
            return $"is an {name} key, which .NET does not support. Use an RSA or EC key";
        }

        return "is damaged, or is neither an RSA nor an EC key. Check the key";
    }

    private static List<string> KeysIn(string pem)
    {
        List<string> keys = [];
        ReadOnlySpan<char> rest = pem;
        while (PemEncoding.TryFind(rest, out PemFields fields))
        {
            if (rest[fields.Label].EndsWith(Label))
            {
                keys.Add(rest[fields.Location].ToString());
            }

            rest = rest[fields.Location.End..];
        }

        return keys;
    }

    private static bool IsEncrypted(string key) => key.Contains(EncryptedLabel, StringComparison.Ordinal);

    private static AsymmetricAlgorithm? Import(AsymmetricAlgorithm algorithm, string key, string? password)
    {
        try
        {
            if (IsEncrypted(key))
            {
                algorithm.ImportFromEncryptedPem(key, password);
            }
            else
            {
                algorithm.ImportFromPem(key);
            }

            return algorithm;
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException)
        {
            algorithm.Dispose();
            return null;
        }
    }

    // .NET does not read the identifier of RSA-PSS. The key after it is an ordinary RSA key, which signs with PS256 and its siblings.
    private static string WithoutPss(string key)
    {
        if (Pkcs8Of(key) is { Algorithm: RsaPss } pss)
        {
            return PemEncoding.WriteString("RSA PRIVATE KEY", pss.Key);
        }

        return key;
    }

    // PrivateKeyInfo is a sequence of version, algorithm and key (RFC 5958 section 2). Null for other forms of PEM.
    private static (string Algorithm, byte[] Key)? Pkcs8Of(string key)
    {
        PemFields fields = PemEncoding.Find(key);
        if (key[fields.Label] != Label)
        {
            return null;
        }

        try
        {
            byte[] content = Convert.FromBase64String(key[fields.Base64Data]);
            AsnReader privateKeyInfo = new AsnReader(content, AsnEncodingRules.BER).ReadSequence();
            privateKeyInfo.ReadInteger();
            return (privateKeyInfo.ReadSequence().ReadObjectIdentifier(), privateKeyInfo.ReadOctetString());
        }
        catch (AsnContentException)
        {
            return null;
        }
    }
}
