using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace OAuthClientCredentials.Tests.Infrastructure;

/// <summary>A SPIFFE trust domain with one key: it issues JWT-SVIDs and verifies them as an authorization server does.</summary>
internal sealed class TestTrustDomain(string audience) : IDisposable
{
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public string Issue(string spiffeId, DateTimeOffset now, int serial = 0)
    {
        long issuedAt = now.ToUnixTimeSeconds();
        JsonObject header = new() { ["alg"] = "ES256", ["kid"] = "1", ["typ"] = "JWT" };
        JsonObject claims = new()
        {
            ["aud"] = new JsonArray(audience),
            ["exp"] = issuedAt + 300,
            ["iat"] = issuedAt,
            ["sub"] = spiffeId,
            ["serial"] = serial,
        };
        string input = $"{Encode(header)}.{Encode(claims)}";
        return $"{input}.{Base64Url.EncodeToString(_key.SignData(Encoding.ASCII.GetBytes(input), HashAlgorithmName.SHA256))}";
    }

    /// <summary>The claims of a valid JWT-SVID, or null (draft-ietf-oauth-spiffe-client-auth-02 section 3.1).</summary>
    public JsonNode? Verify(string svid, DateTimeOffset now)
    {
        string[] parts = svid.Split('.');
        byte[] input = Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}");
        if (!_key.VerifyData(input, Base64Url.DecodeFromChars(parts[2]), HashAlgorithmName.SHA256))
        {
            return null;
        }

        JsonNode claims = JsonNode.Parse(Base64Url.DecodeFromChars(parts[1]))!;
        bool isForServer = claims["aud"]!.AsArray() is [JsonValue only] && only.GetValue<string>() == audience;
        return isForServer && now.ToUnixTimeSeconds() < (long)claims["exp"]! ? claims : null;
    }

    public void Dispose() => _key.Dispose();

    private static string Encode(JsonObject json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json.ToJsonString()));
}
