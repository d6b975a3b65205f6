using System.Buffers;
using System.Collections.Frozen;
using System.Globalization;
using System.Text.Json;
using System.Text.Unicode;

namespace OAuthClientCredentials.TokenEndpoint;

/// <summary>
/// The members of a token response or error response (RFC 6749 sections 5.1 and 5.2), parsed from UTF-8 bytes. No I/O, no clock.
/// </summary>
internal sealed class TokenResponse
{
    private const int MaxDepth = 8;

    // Each unknown member takes about 200 bytes while the token is cached. No known server sends as many.
    private const int MaxMembers = 256;

    private static readonly SearchValues<char> NumberCharacters = SearchValues.Create("0123456789.eE+-");

    private const NumberStyles LifetimeStyle =
        NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;

    private Dictionary<string, JsonElement>? _additional;

    public string AccessToken { get; private set; } = "";

    public string TokenType { get; private set; } = "";

    public TimeSpan? ExpiresIn { get; private set; }

    public string? Scope { get; private set; }

    public string? Error { get; private set; }

    public string? ErrorDescription { get; private set; }

    public string? ErrorUri { get; private set; }

    public IReadOnlyDictionary<string, JsonElement> AdditionalParameters =>
        _additional ?? (IReadOnlyDictionary<string, JsonElement>)FrozenDictionary<string, JsonElement>.Empty;

    /// <summary>Parses a response of any status.</summary>
    /// <exception cref="FormatException">The body is not the JSON object that OAuth defines. The message gives the reason and quotes
    /// nothing.</exception>
    public static TokenResponse Parse(ReadOnlySpan<byte> body)
    {
        if (body.StartsWith("\uFEFF"u8))
        {
            body = body[3..];
        }

        // Utf8JsonReader validates a string only when it is read, so skipped members would not be checked.
        if (!Utf8.IsValid(body))
        {
            throw new FormatException("the body is not valid UTF-8");
        }

        try
        {
            TokenResponse response = new();
            Utf8JsonReader reader = new(body, new JsonReaderOptions { MaxDepth = MaxDepth });
            response.ReadObject(ref reader);
            return response;
        }
        catch (JsonException)
        {
            throw new FormatException("the body is not a JSON object");
        }
        catch (InvalidOperationException)
        {
            // An escaped lone surrogate is valid JSON but not valid text.
            throw new FormatException("the body has a string that is not valid text");
        }
    }

    private void ReadObject(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new FormatException("the body is not a JSON object");
        }

        HashSet<string> seen = new(StringComparer.Ordinal);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string name = reader.GetString()!;
            if (!seen.Add(name))
            {
                // Readers differ in which of the two they take, and an attacker could choose.
                throw new FormatException("the body has a duplicate member");
            }

            if (seen.Count > MaxMembers)
            {
                throw new FormatException("the body has too many members");
            }

            reader.Read();
            ReadMember(name, ref reader);
        }

        // Throws if there is more text after the object.
        reader.Read();
    }

    private void ReadMember(string name, ref Utf8JsonReader reader)
    {
        switch (name)
        {
            case "access_token": AccessToken = ReadString(name, ref reader) ?? ""; break;
            case "token_type": TokenType = ReadString(name, ref reader) ?? ""; break;
            case "expires_in": ExpiresIn = ReadSeconds(ref reader); break;
            case "scope": Scope = ReadString(name, ref reader); break;
            case "error": Error = ReadString(name, ref reader); break;
            case "error_description": ErrorDescription = ReadString(name, ref reader); break;
            case "error_uri": ErrorUri = ReadString(name, ref reader); break;
            // A client-credentials response should not have one (RFC 6749 section 4.4.3), and it must not be cached.
            case "refresh_token" or "id_token": reader.Skip(); break;
            default: (_additional ??= new(StringComparer.Ordinal))[name] = JsonElement.ParseValue(ref reader); break;
        }
    }

    private static string? ReadString(string name, ref Utf8JsonReader reader) => reader.TokenType switch
    {
        JsonTokenType.String => reader.GetString(),
        JsonTokenType.Null => null,
        _ => throw new FormatException($"{name} is not a string"),
    };

    // PayPal sends a string, other servers 3600.0 or 1e3.
    private static TimeSpan? ReadSeconds(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.Null)
        {
            return null;
        }

        string text = reader.TokenType switch
        {
            JsonTokenType.String => reader.GetString()!,
            JsonTokenType.Number => JsonElement.ParseValue(ref reader).GetRawText(),
            _ => "",
        };
        bool isNumber = double.TryParse(text, LifetimeStyle, CultureInfo.InvariantCulture, out double seconds)
            && !text.AsSpan().ContainsAnyExcept(NumberCharacters);
        if (!isNumber || (double.IsFinite(seconds) && seconds != Math.Floor(seconds)))
        {
            throw new FormatException("expires_in is not a whole number of seconds");
        }

        return TimeSpan.FromSeconds(Math.Clamp(seconds, 0, TimeSpan.FromDays(3650).TotalSeconds));
    }
}
