using System.Buffers;
using System.Collections.Frozen;
using System.Globalization;
using System.Text;
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

    /// <summary>The token; empty if the response has none.</summary>
    public string AccessToken { get; private set; } = "";

    public string? TokenType { get; private set; }

    public TimeSpan? ExpiresIn { get; private set; }

    /// <summary>The granted scopes; empty if the response does not name them.</summary>
    public IReadOnlyList<string> Scopes { get; private set; } = [];

    public string? Error { get; private set; }

    /// <summary>Whether the response has an error, even one without a code. Null and empty values are none .</summary>
    public bool HasError { get; private set; }

    public string? ErrorDescription { get; private set; }

    public string? ErrorUri { get; private set; }

    /// <summary>Why a member that a token needs cannot be read. In an error response it does not matter .</summary>
    public string? Problem { get; private set; }

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
            response.ErrorDescription ??= ErrorMembers.FindText(response.AdditionalParameters);
            return response;
        }
        catch (JsonException)
        {
            throw new FormatException("the body is not a JSON object");
        }
        catch (InvalidOperationException)
        {
            // An escaped lone surrogate is valid JSON but not valid text. No name may have one, because duplicates could not be found.
            throw new FormatException("the body has a string that is not valid text");
        }
    }

    /// <summary>
    /// Parses an error response. Bytes that are not UTF-8 are read as Latin-1, so that the description does not hide the code.
    /// </summary>
    /// <exception cref="FormatException">The body is not a JSON object.</exception>
    public static TokenResponse ParseError(ReadOnlySpan<byte> body)
    {
        // A byte of Latin-1 takes two bytes in UTF-8.
        byte[] utf8 = new byte[body.Length * 2];
        int length = 0;
        while (!body.IsEmpty)
        {
            if (Rune.DecodeFromUtf8(body, out Rune character, out int size) != OperationStatus.Done)
            {
                (character, size) = (new Rune((char)body[0]), 1);
            }

            length += character.EncodeToUtf8(utf8.AsSpan(length));
            body = body[size..];
        }

        TokenResponse response = Parse(FirstItem(utf8.AsSpan(0, length)));
        response.Error ??= ErrorMembers.FindCode(response.AdditionalParameters);
        return response;
    }

    // Salesforce wraps the errors of its API in an array.
    private static ReadOnlySpan<byte> FirstItem(ReadOnlySpan<byte> body)
    {
        ReadOnlySpan<byte> trimmed = body.Trim(" \t\r\n"u8);
        if (!trimmed.StartsWith("["u8) || !trimmed.EndsWith("]"u8))
        {
            return body;
        }

        return trimmed[1..^1];
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

            // A client-credentials response should not have these (RFC 6749 section 4.4.3), and they must not be cached.
            if (name is "refresh_token" or "id_token")
            {
                reader.Skip();
                continue;
            }

            ReadMember(name, JsonElement.ParseValue(ref reader));
        }

        // Throws if there is more text after the object.
        reader.Read();
    }

    private void ReadMember(string name, JsonElement value)
    {
        switch (name)
        {
            case "access_token": AccessToken = ReadString(name, value) ?? ""; break;
            case "token_type": TokenType = ReadString(name, value); break;
            case "expires_in": ExpiresIn = ReadSeconds(value); break;
            case "scope": Scopes = ReadScopes(value); break;
            case "error": ReadError(value); break;
            case "error_description": ErrorDescription = ErrorMembers.ReadText(value) ?? ErrorDescription; break;
            case "error_uri": ErrorUri = ErrorMembers.ReadText(value); break;
            default: (_additional ??= new(StringComparer.Ordinal))[name] = value; break;
        }
    }

    private string? ReadString(string name, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.String:
                return ErrorMembers.StringOf(value);
            case JsonValueKind.Null:
                return null;
            default:
                Problem ??= $"{name} is not a string";
                return null;
        }
    }

    // PayPal sends a string, other servers 3600.0, 1e3 or 3599.5.
    private TimeSpan? ReadSeconds(JsonElement value)
    {
        string text = value.ValueKind switch
        {
            JsonValueKind.String => ErrorMembers.StringOf(value).Trim(),
            JsonValueKind.Null => "",
            _ => value.GetRawText(),
        };
        if (text.Length == 0)
        {
            return null;
        }

        bool isNumber = double.TryParse(text, LifetimeStyle, CultureInfo.InvariantCulture, out double seconds)
            && !text.AsSpan().ContainsAnyExcept(NumberCharacters);
        if (!isNumber)
        {
            Problem ??= "expires_in is not a number of seconds";
            return null;
        }

        return TimeSpan.FromSeconds(Math.Clamp(Math.Floor(seconds), 0, TimeSpan.FromDays(3650).TotalSeconds));
    }

    // Twitch sends an array. A value of another type stays as its JSON, so that it does not pass for the requested scopes.
    private static string[] ReadScopes(JsonElement value)
    {
        IEnumerable<JsonElement> items = [value];
        if (value.ValueKind == JsonValueKind.Array)
        {
            items = value.EnumerateArray();
        }

        return [.. items.SelectMany(item => ScopeText(item).Split(' ', StringSplitOptions.RemoveEmptyEntries))];
    }

    private static string ScopeText(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => ErrorMembers.StringOf(value),
        JsonValueKind.Null => "",
        _ => value.GetRawText(),
    };

    // Gateways and APIs send an object with a code and a text.
    private void ReadError(JsonElement value)
    {
        ReadErrorText(value);
        HasError = Error is not null || value.ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.Number => value.GetRawText() != "0",
            JsonValueKind.Object => value.EnumerateObject().Any(),
            _ => false,
        };
    }

    private void ReadErrorText(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            Error = ErrorMembers.ReadText(value);
            return;
        }

        Error = ErrorMembers.CodeOf(value);
        ErrorDescription ??= ErrorMembers.FindTextIn(value);
    }
}
