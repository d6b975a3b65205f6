using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace OAuthClientCredentials.IntegrationTests.Rotation;

/// <summary>An assertion as a platform issues it for its workloads.</summary>
internal static class SignedAssertion
{
    public static string Create(ECDsa key, JsonObject claims)
    {
        string input = $"{Encode(new JsonObject { ["alg"] = "ES256", ["typ"] = "client-authentication+jwt" })}.{Encode(claims)}";
        return $"{input}.{Base64Url.EncodeToString(key.SignData(Encoding.ASCII.GetBytes(input), HashAlgorithmName.SHA256))}";
    }

    private static string Encode(JsonObject json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json.ToJsonString()));
}
