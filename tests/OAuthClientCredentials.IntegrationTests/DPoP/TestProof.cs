using System.Buffers.Text;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using OAuthClientCredentials.IntegrationTests.Methods;

namespace OAuthClientCredentials.IntegrationTests.DPoP;

/// <summary>A proof and a request with it, made without the library, so that each part of it can be wrong.</summary>
internal sealed record TestProof(ECDsa Key)
{
    public string Method { get; init; } = "GET";

    public string Address { get; init; } = "";

    /// <summary>The token of which the proof has the hash, or null at the token endpoint.</summary>
    public string? Token { get; init; }

    public string? Nonce { get; init; }

    public TimeSpan Age { get; init; }

    public string Id { get; init; } = Guid.NewGuid().ToString("N");

    /// <summary>Calls an API with a signed proof.</summary>
    /// <returns>The status and the error of the challenge.</returns>
    public static async Task<(HttpStatusCode Status, string? Error)> CallAsync(Uri api, string token, string proof, string scheme = "DPoP")
    {
        using HttpClient http = new();
        using HttpRequestMessage request = new(HttpMethod.Get, api);
        request.Headers.Authorization = new(scheme, token);
        request.Headers.Add("DPoP", proof);
        using HttpResponseMessage response = await http.SendAsync(request);
        AuthenticationHeaderValue? challenge = response.Headers.WwwAuthenticate.FirstOrDefault();
        return (response.StatusCode, challenge?.Parameter?.Split('"').ElementAtOrDefault(1));
    }

    /// <summary>Requests a token for a client with client_secret_post.</summary>
    /// <returns>The token or the error of the response, and the nonce in its headers.</returns>
    public async Task<(string Result, string? Nonce)> RequestAsync(string client, string secret, string? resource = null)
    {
        Dictionary<string, string> form = new()
        {
            ["grant_type"] = "client_credentials",
            ["client_id"] = client,
            ["client_secret"] = secret,
        };
        if (resource is not null)
        {
            form["resource"] = resource;
        }

        using HttpClient http = new();
        using HttpRequestMessage request = new(HttpMethod.Post, Address) { Content = new FormUrlEncodedContent(form) };
        request.Headers.Add("DPoP", (this with { Method = "POST" }).Sign());
        using HttpResponseMessage response = await http.SendAsync(request);
        JsonNode body = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
        string? nonce = response.Headers.TryGetValues("DPoP-Nonce", out IEnumerable<string>? values) ? values.Single() : null;
        return ((body["access_token"] ?? body["error"])!.GetValue<string>(), nonce);
    }

    public string Sign()
    {
        JsonObject header = new() { ["typ"] = "dpop+jwt", ["alg"] = "ES256", ["jwk"] = TestKeys.PublicJwk(Key) };
        JsonObject claims = new()
        {
            ["htm"] = Method,
            ["htu"] = Address,
            ["iat"] = (DateTimeOffset.UtcNow - Age).ToUnixTimeSeconds(),
            ["jti"] = Id,
        };
        if (Token is not null)
        {
            claims["ath"] = Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(Token)));
        }

        if (Nonce is not null)
        {
            claims["nonce"] = Nonce;
        }

        string input = $"{Encode(header)}.{Encode(claims)}";
        byte[] signature = Key.SignData(Encoding.ASCII.GetBytes(input), HashAlgorithmName.SHA256);
        return $"{input}.{Base64Url.EncodeToString(signature)}";
    }

    private static string Encode(JsonObject json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json.ToJsonString()));
}
