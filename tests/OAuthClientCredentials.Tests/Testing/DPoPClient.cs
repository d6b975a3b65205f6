using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using OAuthClientCredentials.Testing;

namespace OAuthClientCredentials.Tests.Testing;

/// <summary>A client that requests tokens and calls an API with proofs made by hand. It takes the newest nonce of each end.</summary>
internal sealed class DPoPClient(TestAuthorizationServer server, HttpMessageHandler tokens, HttpMessageHandler api) : IDisposable
{
    public const string ApiAddress = "https://orders.example.com/a%2Fb/c%20d";

    private readonly HttpMessageInvoker _tokens = new(tokens, disposeHandler: false);
    private readonly HttpMessageInvoker _api = new(api, disposeHandler: false);

    public TestProof Key { get; set; } = new();

    public string TokenAddress { get; init; } = "https://id.example.com/token";

    /// <summary>The address that API requests are sent to.</summary>
    public string Address { get; init; } = ApiAddress;

    /// <summary>The nonce for the next proof, from the last response of the token endpoint that had one.</summary>
    public string? TokenNonce { get; set; }

    /// <summary>The nonce for the next proof, from the last response of the API that had one.</summary>
    public string? ApiNonce { get; set; }

    public void Dispose()
    {
        _tokens.Dispose();
        _api.Dispose();
    }

    /// <summary>Requests a token once. Returns its type and value, or the error.</summary>
    public async Task<(string Type, string Value)> RequestTokenAsync(Func<ProofParts, string?[]>? makeProofs = null)
    {
        ProofParts parts = Key.CreateParts(HttpMethod.Post, TokenAddress, server.TimeProvider.GetUtcNow(), null, TokenNonce);
        using HttpRequestMessage request = new(HttpMethod.Post, TokenAddress);
        request.Content = new FormUrlEncodedContent([new("grant_type", "client_credentials"), new("client_id", "shop")]);
        AddProofs(request, makeProofs?.Invoke(parts) ?? [Key.Create(parts)]);
        using HttpResponseMessage response = await _tokens.SendAsync(request, default);
        TokenNonce = NonceOf(response) ?? TokenNonce;
        using JsonDocument json = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        if (response.StatusCode == HttpStatusCode.OK)
        {
            return (json.RootElement.GetProperty("token_type").GetString()!, json.RootElement.GetProperty("access_token").GetString()!);
        }

        string error = json.RootElement.GetProperty("error").GetString()!;
        Assert.Equal(error == "invalid_client" ? HttpStatusCode.Unauthorized : HttpStatusCode.BadRequest, response.StatusCode);
        return (error, json.RootElement.TryGetProperty("error_description", out JsonElement text) ? text.GetString()! : "");
    }

    /// <summary>Calls the API once. Returns the challenge, or an empty text if it accepts the request.</summary>
    public async Task<string> CallAsync(string token, Func<ProofParts, string?[]>? makeProofs = null, string scheme = "DPoP")
    {
        ProofParts parts = Key.CreateParts(HttpMethod.Put, Address, server.TimeProvider.GetUtcNow(), token, ApiNonce);
        using HttpRequestMessage request = new(HttpMethod.Put, $"{Address}?query=1");
        request.Headers.Authorization = new AuthenticationHeaderValue(scheme, token);
        AddProofs(request, makeProofs?.Invoke(parts) ?? [Key.Create(parts)]);
        using HttpResponseMessage response = await _api.SendAsync(request, default);
        ApiNonce = NonceOf(response) ?? ApiNonce;
        Assert.Equal(response.Headers.WwwAuthenticate.Count == 0 ? HttpStatusCode.OK : HttpStatusCode.Unauthorized, response.StatusCode);
        return response.Headers.WwwAuthenticate.ToString();
    }

    private static string? NonceOf(HttpResponseMessage response) =>
        response.Headers.TryGetValues("DPoP-Nonce", out IEnumerable<string>? values) ? Assert.Single(values) : null;

    private static void AddProofs(HttpRequestMessage request, string?[] proofs) =>
        Array.ForEach(proofs, proof => request.Headers.Add("DPoP", proof));
}
