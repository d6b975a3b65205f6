using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.IdentityModel.Tokens;

namespace OAuthClientCredentials.Tests.DPoP;

/// <summary>A proof as a server reads it.</summary>
internal sealed class DecodedProof
{
    public DecodedProof(HttpRequestMessage request)
        : this(Assert.Single(request.Headers.GetValues("DPoP")))
    {
    }

    public DecodedProof(string text)
    {
        Text = text;
        string[] parts = text.Split('.');
        Assert.Equal(3, parts.Length);
        Header = Parse(parts[0]);
        Claims = Parse(parts[1]);
        HeaderText = Base64UrlEncoder.Decode(parts[0]);
    }

    public string Text { get; }

    public string HeaderText { get; }

    public JsonElement Header { get; }

    public JsonElement Claims { get; }

    public string? this[string claim] => Claims.TryGetProperty(claim, out JsonElement value) ? value.ToString() : null;

    /// <summary>The thumbprint of the key in the proof, computed by another implementation.</summary>
    public string Thumbprint => Base64UrlEncoder.Encode(Key.ComputeJwkThumbprint());

    private JsonWebKey Key => new(Header.GetProperty("jwk").GetRawText());

    public bool IsSigned()
    {
        string algorithm = Header.GetProperty("alg").GetString()!;
        int end = Text.LastIndexOf('.');
        SignatureProvider verifier = new CryptoProviderFactory().CreateForVerifying(Key, algorithm);
        return verifier.Verify(Encoding.ASCII.GetBytes(Text[..end]), Base64UrlEncoder.DecodeBytes(Text[(end + 1)..]));
    }

    /// <summary>The <c>ath</c> of a token.</summary>
    public static string HashOf(string token) => Base64UrlEncoder.Encode(SHA256.HashData(Encoding.ASCII.GetBytes(token)));

    private static JsonElement Parse(string part) => JsonDocument.Parse(Base64UrlEncoder.DecodeBytes(part)).RootElement;
}
