using System.Security.Cryptography;
using System.Text;
using Microsoft.IdentityModel.Tokens;
using OAuthClientCredentials.Jwt.Keys;

namespace OAuthClientCredentials.Jwt.DPoP;

/// <summary>The key of a client's proofs. Immutable.</summary>
internal sealed class DPoPKey
{
    private const int MaxFileBytes = 64 * 1024;

    private const string Supported =
        "an RSA key of at least 2048 bits, or an EC key on P-256, P-384 or P-521, in PEM, JWK or PKCS#12 format and not encrypted";

    private DPoPKey(AssertionSigner signer, string publicKey)
    {
        string header = $$"""{"typ":"dpop+jwt","alg":"{{signer.Algorithm}}","jwk":{{publicKey}}}""";
        Signer = signer;
        Header = Encoding.ASCII.GetBytes(Base64UrlEncoder.Encode(header));
        Thumbprint = Base64UrlEncoder.Encode(SHA256.HashData(Encoding.ASCII.GetBytes(publicKey)));
    }

    public AssertionSigner Signer { get; }

    /// <summary>The encoded header of each proof.</summary>
    public byte[] Header { get; }

    /// <summary>The <c>jkt</c> of the key (RFC 9449 section 6.1).</summary>
    public string Thumbprint { get; }

    /// <exception cref="FormatException">The signer does not name the public key of its algorithm.</exception>
    public static DPoPKey FromSigner(AssertionSigner signer)
    {
        if (signer.PublicKey is not { } publicKey || PublicJwk.Write(publicKey, signer.Algorithm) is not { } jwk)
        {
            const string Kind = "a public key of its algorithm, with RSA of at least 2048 bits";
            throw new FormatException($"its {nameof(AssertionSigner.PublicKey)} is not {Kind}");
        }

        return new(signer, jwk);
    }

    public static DPoPKey Create()
    {
        SigningKey key = new(new ECDsaSecurityKey(ECDsa.Create(ECCurve.NamedCurves.nistP256)), null, null, null);
        return FromSigner(key);
    }

    /// <exception cref="FormatException">The file has no key that can sign proofs.</exception>
    public static DPoPKey FromFile(string path)
    {
        try
        {
            SigningKey key = new(KeyReader.Read(ReadFile(path), null, null), null, null, null);
            if (key.FindProblem() is null)
            {
                return FromSigner(key);
            }
        }
        catch (UnauthorizedAccessException)
        {
            throw new FormatException("is a file that the process does not have permission to read. Change its permissions");
        }
        catch (IOException)
        {
            throw new FormatException("is a file that cannot be read. Check the path and the file");
        }
        catch (Exception exception) when (IsAboutKey(exception))
        {
            // Its message is not used, because it names options of private_key_jwt.
        }

        throw new FormatException($"is not a file with a usable private key. Use {Supported}");
    }

    // A pipe or a device has no length, and opening it can block.
    private static byte[] ReadFile(string path)
    {
        if (new FileInfo(path) is not { Exists: true, Length: > 0 and <= MaxFileBytes })
        {
            throw new FormatException();
        }

        return File.ReadAllBytes(path);
    }

    private static bool IsAboutKey(Exception exception) =>
        exception is FormatException or ArgumentException or NotSupportedException or CryptographicException;
}
