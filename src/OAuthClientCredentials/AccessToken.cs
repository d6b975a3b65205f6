using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization;
using OAuthClientCredentials.Wire;

namespace OAuthClientCredentials;

/// <summary>An access token with what the server said of it. Immutable and thread-safe.</summary>
/// <remarks>It never prints itself: only <see cref="Value"/> and <see cref="AuthorizationHeader"/> hold the token.</remarks>
[DebuggerDisplay("{ToString(),nq}")]
[JsonConverter(typeof(RefuseToSerialize<AccessToken>))]
public sealed class AccessToken
{
    internal AccessToken(TokenResponse response, IReadOnlyList<string> scopes, TimeSpan lifetime, DateTimeOffset requestedAt, long requestedTimestamp, TlsCertificate? boundTo = null)
    {
        BoundTo = boundTo;
        Value = response.AccessToken;
        TokenType = response.TokenType;
        Scopes = scopes;
        AdditionalParameters = response.AdditionalParameters;
        Lifetime = lifetime;
        RequestedTimestamp = requestedTimestamp;
        ExpiresAt = requestedAt + lifetime;
        AuthorizationHeader = new AccessTokenHeader(this);
        Fingerprint = FingerprintOf(Value);
    }

    /// <summary>The token itself: opaque, whatever it looks like.</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public string Value { get; }

    /// <summary>The token type (RFC 6749 section 7.1): <c>Bearer</c>.</summary>
    public string TokenType { get; }

    /// <summary>When the token expires (UTC), counted from just before it was requested.</summary>
    public DateTimeOffset ExpiresAt { get; }

    /// <summary>The scopes granted: those the server named, else those asked for (RFC 6749 section 5.1).</summary>
    public IReadOnlyList<string> Scopes { get; }

    /// <summary>The members of the token response that RFC 6749 does not define, without <c>refresh_token</c> and <c>id_token</c>.</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public IReadOnlyDictionary<string, JsonElement> AdditionalParameters { get; }

    /// <summary>The ready-made <c>Authorization</c> header of an API request.</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public AuthenticationHeaderValue AuthorizationHeader { get; }

    /// <summary>The certificate that API requests with this token must show (RFC 8705 section 3).</summary>
    internal TlsCertificate? BoundTo { get; }

    internal TimeSpan Lifetime { get; }

    internal long RequestedTimestamp { get; }

    /// <summary>Knows the token again without keeping it; of this process only.</summary>
    internal long Fingerprint { get; }

    /// <summary>Names type and expiry, never the value.</summary>
    /// <returns>A text for people.</returns>
    public override string ToString() => $"{nameof(AccessToken)} {{ TokenType = {TokenType}, ExpiresAt = {ExpiresAt:O}, Value = *** }}";

    // Keyed by the platform with a secret of the process, so nobody can make another text with the same one. A cryptographic hash would load the platform's whole cryptography.
    internal static long FingerprintOf(string value) =>
        ((long)string.GetHashCode(value.AsSpan(0, value.Length / 2), StringComparison.Ordinal) << 32) | (uint)string.GetHashCode(value.AsSpan(value.Length / 2), StringComparison.Ordinal);
}
