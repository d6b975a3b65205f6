using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.IdentityModel.Tokens;

namespace OAuthClientCredentials.Testing.Server;

/// <summary>A DPoP proof and what is wrong in it (RFC 9449 section 4.3).</summary>
internal sealed class DPoPProof
{
    private const long MaxClockDifference = 60;
    private const int MinRsaKeySize = 2048;

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

    private readonly string[] _parts;
    private readonly JsonElement _header;
    private readonly JsonElement _claims;
    private readonly JsonWebKey? _key;

    private DPoPProof(string[] parts, JsonElement header, JsonElement claims)
    {
        _parts = parts;
        _header = header;
        _claims = claims;
        _key = ReadKey(header);
    }

    /// <summary>The signature algorithms that the server and its APIs accept.</summary>
    public static IReadOnlyCollection<string> Algorithms => KeyTypes.Keys;

    public string? Id => Find(_claims, "jti");

    public string? Nonce => Find(_claims, "nonce");

    /// <summary>The <c>jkt</c>, once <see cref="FindProblem"/> has found none.</summary>
    public string Thumbprint => Base64UrlEncoder.Encode(_key!.ComputeJwkThumbprint());

    /// <summary>Returns null if the text is not a JWT in the form of a signed one.</summary>
    public static DPoPProof? Parse(string text)
    {
        string[] parts = text.Split('.');
        if (parts.Length != 3 || ParseObject(parts[0]) is not { } header || ParseObject(parts[1]) is not { } claims)
        {
            return null;
        }

        return new(parts, header, claims);
    }

    /// <summary>Returns what is wrong in the header, in the signature or in a claim that every proof has; null if nothing is.</summary>
    public string? FindProblem(HttpMethod method, Uri uri, DateTimeOffset now)
    {
        if (Find(_header, "typ") != "dpop+jwt")
        {
            return "typ is not dpop+jwt.";
        }

        string algorithm = Find(_header, "alg") ?? "";
        if (!KeyTypes.TryGetValue(algorithm, out string? keyType))
        {
            return $"alg is none of {string.Join(", ", Algorithms)}.";
        }

        return FindKeyProblem(keyType, algorithm) ?? FindClaimProblem(method, uri, now);
    }

    public bool HasHashOf(string accessToken) =>
        Find(_claims, "ath") == Base64UrlEncoder.Encode(SHA256.HashData(Encoding.ASCII.GetBytes(accessToken)));

    private static JsonElement? ParseObject(string part)
    {
        try
        {
            JsonElement json = JsonDocument.Parse(Base64UrlEncoder.DecodeBytes(part)).RootElement;
            return json.ValueKind == JsonValueKind.Object ? json : null;
        }
        catch (Exception exception) when (exception is FormatException or JsonException)
        {
            return null;
        }
    }

    private static JsonWebKey? ReadKey(JsonElement header)
    {
        try
        {
            return header.TryGetProperty("jwk", out JsonElement jwk) ? new(jwk.GetRawText()) : null;
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    private string? FindKeyProblem(string keyType, string algorithm)
    {
        if (_key is null)
        {
            return "jwk is missing or is not a key.";
        }

        if (_header.GetProperty("jwk").EnumerateObject().Any(member => PrivateMembers.Contains(member.Name, StringComparer.Ordinal)))
        {
            return "jwk contains a private or symmetric key.";
        }

        if ($"{_key.Kty} {_key.Crv}".TrimEnd() != keyType)
        {
            return "jwk is not a key for alg.";
        }

        if (_key.Kty == "RSA" && _key.KeySize < MinRsaKeySize)
        {
            return "jwk is an RSA key with less than 2048 bits.";
        }

        return HasValidSignature(_key, algorithm) ? null : "The signature was not made with the key in jwk.";
    }

    private bool HasValidSignature(JsonWebKey key, string algorithm)
    {
        CryptoProviderFactory factory = new() { CacheSignatureProviders = false };
        try
        {
            SignatureProvider provider = factory.CreateForVerifying(key, algorithm);
            byte[] signed = Encoding.ASCII.GetBytes($"{_parts[0]}.{_parts[1]}");
            bool isValid = provider.Verify(signed, Base64UrlEncoder.DecodeBytes(_parts[2]));
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
        if (Find(_claims, "htm") != method.Method)
        {
            return "htm is not the method of the request.";
        }

        if (!IsAddressOf(Find(_claims, "htu"), uri))
        {
            return "htu is not the URL of the request without its query.";
        }

        if (!IsWithinClockDifference(now))
        {
            return "iat is missing, or is more than 60 seconds from the server's clock.";
        }

        return string.IsNullOrEmpty(Id) ? "jti is missing." : null;
    }

    private bool IsWithinClockDifference(DateTimeOffset now) =>
        _claims.TryGetProperty("iat", out JsonElement issuedAt)
        && issuedAt.ValueKind == JsonValueKind.Number
        && Math.Abs(now.ToUnixTimeSeconds() - issuedAt.GetDouble()) <= MaxClockDifference;

    // Scheme, host and port are normalized. The path must be escaped as it is in the request, because many servers compare the text.
    private static bool IsAddressOf(string? htu, Uri uri) =>
        Uri.TryCreate(htu, UriKind.Absolute, out Uri? address)
        && htu.All(character => character is > ' ' and <= '~' and not '?' and not '#' and not '@')
        && Normalize(address) == Normalize(uri);

    private static string Normalize(Uri uri) => $"{uri.Scheme}://{uri.IdnHost}:{uri.Port}{uri.AbsolutePath}";

    private static string? Find(JsonElement json, string name) =>
        json.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
