using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace OAuthClientCredentials.Distributed.Caching;

/// <summary>One entry of the cache, before its encryption. Everything that is read is checked .</summary>
internal sealed record TokenEntry(
    [property: JsonPropertyName("access_token")] string Value,
    [property: JsonPropertyName("token_type")] string Type,
    [property: JsonPropertyName("requested_at")] long RequestedAt,
    [property: JsonPropertyName("expires_at")] long ExpiresAt,
    [property: JsonPropertyName("scope")] IReadOnlyList<string?>? Scopes,
    [property: JsonPropertyName("parameters")] IReadOnlyDictionary<string, JsonElement>? Parameters)
{
    // Renewals are due at 75 % of the lifetime at the earliest.
    private const double DueFraction = 0.75;

    private static readonly TimeSpan MaxLifetime = TimeSpan.FromDays(365);

    public static byte[] Write(AccessToken token, DateTimeOffset now)
    {
        TokenEntry entry = new(
            token.Value,
            token.TokenType,
            (token.RequestedAt ?? now).ToUnixTimeMilliseconds(),
            token.ExpiresAt.ToUnixTimeMilliseconds(),
            token.Scopes,
            token.AdditionalParameters);
        return JsonSerializer.SerializeToUtf8Bytes(entry, TokenEntryContext.Default.TokenEntry);
    }

    public static StoredToken Read(ReadOnlySpan<byte> bytes, DateTimeOffset now)
    {
        try
        {
            return JsonSerializer.Deserialize(bytes, TokenEntryContext.Default.TokenEntry)?.ToToken(now) ?? StoredToken.Unreadable;
        }
        catch (Exception exception) when (exception is JsonException or ArgumentException)
        {
            return StoredToken.Unreadable;
        }
    }

    private StoredToken ToToken(DateTimeOffset now)
    {
        DateTimeOffset requestedAt = DateTimeOffset.FromUnixTimeMilliseconds(RequestedAt);
        TimeSpan lifetime = DateTimeOffset.FromUnixTimeMilliseconds(ExpiresAt) - requestedAt;
        if (lifetime <= TimeSpan.Zero || lifetime > MaxLifetime)
        {
            return StoredToken.Unreadable;
        }

        // The clock of the instance that requested it may be ahead of ours. A token was never requested in the future.
        requestedAt = requestedAt < now ? requestedAt : now;
        if (requestedAt + lifetime <= now)
        {
            return StoredToken.None;
        }

        AccessToken token = new(Value, requestedAt + lifetime, Type)
        {
            RequestedAt = requestedAt,
            Scopes = [.. (Scopes ?? []).OfType<string>()],
            AdditionalParameters = Parameters ?? ImmutableDictionary<string, JsonElement>.Empty,
        };
        return new(token, IsUnreadable: false, IsDue: now - requestedAt >= lifetime * DueFraction);
    }
}

[JsonSerializable(typeof(TokenEntry))]
internal sealed partial class TokenEntryContext : JsonSerializerContext;
