using System.Buffers;
using System.Collections.Frozen;
using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization;
using OAuthClientCredentials.Diagnostics;

namespace OAuthClientCredentials;

/// <summary>An access token with what the server said of it. Immutable and thread-safe.</summary>
/// <remarks>It never prints itself: only <see cref="Value"/> and <see cref="AuthorizationHeader"/> hold the token.</remarks>
[DebuggerDisplay("{ToString(),nq}")]
[JsonConverter(typeof(RefuseToSerialize<AccessToken>))]
public sealed class AccessToken
{
    private static readonly SearchValues<char> TypeCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~");

    private readonly TokenBinding? _binding;

    /// <summary>Creates a token, for instance in a test, a cache or a token provider of your own.</summary>
    /// <param name="value">The token itself.</param>
    /// <param name="expiresAt">When it expires (UTC).</param>
    /// <param name="tokenType">The token type, spelled as the <c>Authorization</c> header shall have it.</param>
    /// <exception cref="ArgumentException">The value is empty or has characters other than visible ASCII, or the type is not a
    /// scheme.</exception>
    public AccessToken(string value, DateTimeOffset expiresAt, string tokenType = "Bearer")
    {
        ArgumentException.ThrowIfNullOrEmpty(value);
        ArgumentException.ThrowIfNullOrEmpty(tokenType);
        if (!IsValidValue(value))
        {
            throw new ArgumentException("An access token consists of visible ASCII characters.", nameof(value));
        }

        if (tokenType.AsSpan().ContainsAnyExcept(TypeCharacters))
        {
            throw new ArgumentException("A token type has no blanks or separators: it is the scheme of a header.", nameof(tokenType));
        }

        Value = value;
        TokenType = tokenType;
        ExpiresAt = expiresAt;
        AuthorizationHeader = new AuthenticationHeaderValue(tokenType, value);
    }

    private AccessToken(AccessToken original, TokenBinding binding)
        : this(original.Value, original.ExpiresAt, original.TokenType)
    {
        RequestedAt = original.RequestedAt;
        RequestedTimestamp = original.RequestedTimestamp;
        Scopes = original.Scopes;
        AdditionalParameters = original.AdditionalParameters;
        Binding = binding;
    }

    /// <summary>The token itself: opaque, whatever it looks like.</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public string Value { get; }

    /// <summary>The token type (RFC 6749 section 7.1): <c>Bearer</c>, or <c>DPoP</c> for a token that is bound to a key.</summary>
    public string TokenType { get; }

    /// <summary>When the token expires (UTC), counted from just before it was requested.</summary>
    public DateTimeOffset ExpiresAt { get; }

    /// <summary>
    /// When the token was requested (UTC); <see langword="null"/> if that is not known. Its renewal is due at a fraction of the time from
    /// then to <see cref="ExpiresAt"/>.
    /// </summary>
    public DateTimeOffset? RequestedAt { get; init; }

    /// <summary>The scopes granted: those that the server named, or else those requested (RFC 6749 section 5.1).</summary>
    public IReadOnlyList<string> Scopes { get; init; } = [];

    /// <summary>
    /// The members of the token response that RFC 6749 does not define, without <c>refresh_token</c> and <c>id_token</c>.
    /// </summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public IReadOnlyDictionary<string, JsonElement> AdditionalParameters { get; init; } = FrozenDictionary<string, JsonElement>.Empty;

    /// <summary>What the token is bound to; <see langword="null"/> for a plain bearer token.</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public TokenBinding? Binding
    {
        get => _binding;
        init
        {
            _binding = value;
            BindingThumbprint = value?.Thumbprint;
        }
    }

    /// <summary>The ready-made <c>Authorization</c> header of an API request.</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public AuthenticationHeaderValue AuthorizationHeader { get; }

    internal string? BindingThumbprint { get; private init; }

    /// <summary>
    /// When the token was requested, by the monotonic clock of this process; <see langword="null"/> if it comes from elsewhere.
    /// </summary>
    internal long? RequestedTimestamp { get; init; }

    internal TimeSpan Lifetime => ExpiresAt - (RequestedAt ?? ExpiresAt);

    /// <summary>Names type and expiry, never the value.</summary>
    /// <returns>The name of the type, the token type and the expiry.</returns>
    public override string ToString() => $"{nameof(AccessToken)} {{ TokenType = {TokenType}, ExpiresAt = {ExpiresAt:O}, Value = *** }}";

    internal static bool IsValidValue(string value) => !value.AsSpan().ContainsAnyExceptInRange('!', '~');

    internal AccessToken With(TokenBinding binding) => new(this, binding);
}
