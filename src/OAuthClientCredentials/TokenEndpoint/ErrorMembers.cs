using System.Text.Json;
using OAuthClientCredentials.Diagnostics;

namespace OAuthClientCredentials.TokenEndpoint;

/// <summary>Finds the code and the text of an error in the members in which servers and gateways put them.</summary>
/// <remarks>
/// Names are compared without case and underscores: Okta sends <c>errorCode</c> and <c>errorSummary</c>, Apigee <c>ErrorCode</c> and
/// <c>faultstring</c>, WSO2 an object <c>fault</c>, Twitter and Marketo an array <c>errors</c>.
/// </remarks>
internal static class ErrorMembers
{
    // The best text first.
    private static readonly string[] Texts =
        ["message", "detail", "title", "description", "errordescription", "errorsummary", "errormessage", "faultstring", "msg"];

    private static readonly string[] Codes = ["errorcode", "code"];

    private static readonly string[] Wrappers = ["fault", "errors"];

    /// <summary>Returns a code at the top level of the response, only if an RFC defines it.</summary>
    public static string? FindCode(IReadOnlyDictionary<string, JsonElement> members)
    {
        string? code = Find(members, Codes);
        return ErrorType.KnownCodes.Contains(code, StringComparer.Ordinal) ? code : null;
    }

    public static string? FindText(IReadOnlyDictionary<string, JsonElement> members) =>
        Find(members, Texts) ?? Values(members, Wrappers).Select(FindTextIn).FirstOrDefault(text => text is not null);

    /// <summary>Returns the code of an object <c>error</c>. Google's code is a number, and its status is the name of the error.</summary>
    public static string? CodeOf(JsonElement error) => Find(MembersOf(error), ["code", "status"]);

    /// <summary>Returns the text of an object, or of the first object of an array.</summary>
    public static string? FindTextIn(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Array)
        {
            value = value.EnumerateArray().FirstOrDefault();
        }

        return Find(MembersOf(value), Texts);
    }

    /// <summary>Returns a string or a list of strings. A value of another type, and a blank text, count as missing.</summary>
    public static string? ReadText(JsonElement value)
    {
        string text = value.ValueKind switch
        {
            JsonValueKind.String => StringOf(value),
            JsonValueKind.Array =>
                string.Join(", ", value.EnumerateArray().Where(item => item.ValueKind == JsonValueKind.String).Select(StringOf)),
            _ => "",
        };
        if (string.IsNullOrWhiteSpace(text))
        {
            return null;
        }

        return text;
    }

    public static string StringOf(JsonElement value)
    {
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            // An escaped lone surrogate. The replacement character is valid in no token, type or number.
            return "\uFFFD";
        }
    }

    /// <summary>Whether a name is the expected one, without regard to case and underscores.</summary>
    public static bool IsNamed(string name, string expected) =>
        name.Replace("_", "", StringComparison.Ordinal).Equals(expected, StringComparison.OrdinalIgnoreCase);

    private static string? Find(IEnumerable<KeyValuePair<string, JsonElement>> members, string[] names) =>
        Values(members, names).Select(ReadText).FirstOrDefault(text => text is not null);

    private static IEnumerable<JsonElement> Values(IEnumerable<KeyValuePair<string, JsonElement>> members, string[] names) =>
        members.Select(member => (Rank: Array.FindIndex(names, name => IsNamed(member.Key, name)), member.Value))
            .Where(member => member.Rank >= 0)
            .OrderBy(member => member.Rank)
            .Select(member => member.Value);

    private static IEnumerable<KeyValuePair<string, JsonElement>> MembersOf(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            return [];
        }

        return value.EnumerateObject().Select(member => KeyValuePair.Create(member.Name, member.Value));
    }
}
