using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace OAuthClientCredentials.Testing.Server;

/// <summary>A DPoP proof and what is wrong in it (RFC 9449 section 4.3).</summary>
internal sealed class DPoPProof
{
    private const long MaxClockDifference = 60;

    private static readonly string[] PrivateMembers = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

    // Each algorithm with the key type and the curve of its keys.
    private static readonly Dictionary<string, string> KeyTypes = new(StringComparer.Ordinal)
    {
        ["ES256"] = "EC P-256",
        ["ES384"] = "EC P-384",
        ["ES512"] = "EC P-521",
        ["PS256"] = "RSA",
        ["RS256"] = "RSA",
    };

    private readonly JsonWebToken _jwt;
    private readonly JsonWebKey? _key;

    private DPoPProof(JsonWebToken jwt)
    {
        _jwt = jwt;
        _key = ReadKey(jwt);
    }

    /// <summary>The signature algorithms that the server and its APIs accept.</summary>
    public static IReadOnlyCollection<string> Algorithms => KeyTypes.Keys;

    public string? Id => Find("jti");

    public string? Nonce => Find("nonce");

    /// <summary>The <c>jkt</c>, once <see cref="FindProblem"/> has found none.</summary>
    public string Thumbprint => Base64UrlEncoder.Encode(_key!.ComputeJwkThumbprint());

    /// <summary>Returns null if the text is not a signed JWT.</summary>
    public static DPoPProof? Parse(string text)
    {
        try
        {
            JsonWebToken jwt = new(text);
            return jwt.IsEncrypted ? null : new(jwt);
        }
        catch (Exception exception) when (exception is ArgumentException or SecurityTokenException or JsonException)
        {
            return null;
        }
    }

    /// <summary>Returns what is wrong in the header, in the signature or in a claim that every proof has; null if nothing is.</summary>
    public string? FindProblem(HttpMethod method, Uri uri, DateTimeOffset now)
    {
        if (_jwt.Typ != "dpop+jwt")
        {
            return "typ is not dpop+jwt.";
        }

        if (!KeyTypes.TryGetValue(_jwt.Alg, out string? keyType))
        {
            return $"alg is none of {string.Join(", ", Algorithms)}.";
        }

        return FindKeyProblem(keyType) ?? FindClaimProblem(method, uri, now);
    }

    public bool HasHashOf(string accessToken) =>
        Find("ath") == Base64UrlEncoder.Encode(SHA256.HashData(Encoding.ASCII.GetBytes(accessToken)));

    private static JsonWebKey? ReadKey(JsonWebToken jwt)
    {
        try
        {
            return jwt.TryGetHeaderValue("jwk", out JsonElement jwk) ? new(jwk.GetRawText()) : null;
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    private string? FindKeyProblem(string keyType)
    {
        if (_key is null)
        {
            return "jwk is missing or is not a key.";
        }

        if (Array.Exists(PrivateMembers, _jwt.GetHeaderValue<JsonElement>("jwk").EnumerateObject().Select(member => member.Name).Contains))
        {
            return "jwk contains a private or symmetric key.";
        }

        if ($"{_key.Kty} {_key.Crv}".TrimEnd() != keyType)
        {
            return "jwk is not a key for alg.";
        }

        return HasValidSignature(_key) ? null : "The signature was not made with the key in jwk.";
    }

    private bool HasValidSignature(JsonWebKey key)
    {
        CryptoProviderFactory factory = new() { CacheSignatureProviders = false };
        try
        {
            SignatureProvider provider = factory.CreateForVerifying(key, _jwt.Alg);
            byte[] signed = Encoding.ASCII.GetBytes($"{_jwt.EncodedHeader}.{_jwt.EncodedPayload}");
            bool isValid = provider.Verify(signed, Base64UrlEncoder.DecodeBytes(_jwt.EncodedSignature));
            factory.ReleaseSignatureProvider(provider);
            return isValid;
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // A key with missing or impossible numbers, or text that is not Base64Url.
            return false;
        }
    }

    private string? FindClaimProblem(HttpMethod method, Uri uri, DateTimeOffset now)
    {
        if (Find("htm") != method.Method)
        {
            return "htm is not the method of the request.";
        }

        if (!IsAddressOf(Find("htu"), uri))
        {
            return "htu is not the URL of the request without its query.";
        }

        if (!_jwt.TryGetPayloadValue("iat", out long issuedAt) || Math.Abs(now.ToUnixTimeSeconds() - issuedAt) > MaxClockDifference)
        {
            return "iat is missing, or is more than 60 seconds from the server's clock.";
        }

        return string.IsNullOrEmpty(Id) ? "jti is missing." : null;
    }

    // Real servers compare the bytes or normalize both, so a text that needs normalization beyond that of RFC 3986 is wrong.
    private static bool IsAddressOf(string? htu, Uri uri) =>
        Uri.TryCreate(htu, UriKind.Absolute, out Uri? address)
        && htu.All(character => character is > ' ' and <= '~' and not '?' and not '#' and not '@')
        && Normalize(address) == Normalize(uri);

    private static string Normalize(Uri uri) => $"{uri.Scheme}://{uri.IdnHost}:{uri.Port}{uri.AbsolutePath}";

    private string? Find(string claim) => _jwt.TryGetPayloadValue(claim, out string? value) ? value : null;
}
