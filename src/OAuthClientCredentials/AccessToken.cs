using System.Buffers;
using System.Collections.Frozen;
using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization;
using OAuthClientCredentials.Diagnostics;

namespace OAuthClientCredentials;

/// <summary>An access token and its properties. Immutable and thread-safe.</summary>
/// <remarks>Only <see cref="Value"/> and <see cref="AuthorizationHeader"/> contain the token. <see cref="ToString"/> and debuggers do not
/// show it.</remarks>
[DebuggerDisplay("{ToString(),nq}")]
[JsonConverter(typeof(RefuseToSerialize<AccessToken>))]
public sealed class AccessToken
{
    internal const string Bearer = "Bearer";

    private static readonly SearchValues<char> TypeCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~");

    private readonly TokenBinding? _binding;

    /// <summary>Creates a token, for instance in a test, a cache or your own token provider.</summary>
    /// <param name="value">The access token.</param>
    /// <param name="expiresAt">When it expires (UTC).</param>
    /// <param name="tokenType">The token type, spelled as in the <c>Authorization</c> header.</param>
    /// <exception cref="ArgumentException">The value is empty or has characters other than visible ASCII, or the type is not a
    /// scheme.</exception>
    public AccessToken(string value, DateTimeOffset expiresAt, string tokenType = Bearer)
    {
        ArgumentException.ThrowIfNullOrEmpty(value);
        ArgumentException.ThrowIfNullOrEmpty(tokenType);
        if (!IsValidValue(value))
        {
            throw new ArgumentException("An access token must consist of visible ASCII characters.", nameof(value));
        }

        if (tokenType.AsSpan().ContainsAnyExcept(TypeCharacters))
        {
            throw new ArgumentException(
                "A token type is the scheme of an Authorization header and must not contain spaces or separators.",
                nameof(tokenType));
        }

        Value = value;
        TokenType = tokenType;
        ExpiresAt = expiresAt;
        AuthorizationHeader = new AuthenticationHeaderValue(tokenType, value);
    }

    private AccessToken(AccessToken original, TokenBinding binding)
        : this(original.Value, original.ExpiresAt, binding.TokenType)
    {
        RequestedAt = original.RequestedAt;
        RequestedTimestamp = original.RequestedTimestamp;
        Scopes = original.Scopes;
        AdditionalParameters = original.AdditionalParameters;
        Binding = binding;
    }

    /// <summary>The access token. It is opaque, even if it looks like a JWT.</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public string Value { get; }

    /// <summary>The token type (RFC 6749 section 7.1): <c>Bearer</c>, or <c>DPoP</c> for a token that is bound to a key.</summary>
    public string TokenType { get; }

    /// <summary>When the token expires (UTC). The lifetime counts from just before the request.</summary>
    public DateTimeOffset ExpiresAt { get; }

    /// <summary>
    /// When the token was requested (UTC); <see langword="null"/> if unknown. Its renewal is due at a fraction of the time from then to
    /// <see cref="ExpiresAt"/>.
    /// </summary>
    public DateTimeOffset? RequestedAt { get; init; }

    /// <summary>The granted scopes: those in the response, or the requested scopes if it has none (RFC 6749 section 5.1).</summary>
    public IReadOnlyList<string> Scopes { get; init; } = [];

    /// <summary>
    /// The members of the token response that RFC 6749 does not define, without <c>refresh_token</c> and <c>id_token</c>.
    /// </summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public IReadOnlyDictionary<string, JsonElement> AdditionalParameters { get; init; } = FrozenDictionary<string, JsonElement>.Empty;

    /// <summary>
    /// The granted <c>authorization_details</c> (RFC 9396 section 7), a JSON array; <see langword="null"/> if the response has none. They
    /// are one of the <see cref="AdditionalParameters"/>, and may differ from those requested.
    /// </summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public JsonElement? AuthorizationDetails
    {
        get
        {
            if (AdditionalParameters.TryGetValue("authorization_details", out JsonElement details)
                && details.ValueKind == JsonValueKind.Array)
            {
                return details;
            }

            return null;
        }
    }

    /// <summary>The binding of the token; <see langword="null"/> for a bearer token without one.</summary>
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

    /// <summary>The <c>Authorization</c> header for API requests.</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public AuthenticationHeaderValue AuthorizationHeader { get; }

    internal string? BindingThumbprint { get; private init; }

    /// <summary>
    /// When the token was requested, by the monotonic clock of this process; <see langword="null"/> if another process requested it.
    /// </summary>
    internal long? RequestedTimestamp { get; init; }

    /// <summary>Describes the token without its value.</summary>
    /// <returns>The type name, the token type and the expiry.</returns>
    public override string ToString() => $"{nameof(AccessToken)} {{ TokenType = {TokenType}, ExpiresAt = {ExpiresAt:O}, Value = *** }}";

    internal static bool IsValidValue(string value) => !value.AsSpan().ContainsAnyExceptInRange('!', '~');

    internal AccessToken With(TokenBinding binding) => new(this, binding);
}
