using System.Globalization;

namespace OAuthClientCredentials.Tests.Fuzz;

/// <summary>Inputs that are nearly valid, member by member, and the words in them.</summary>
internal static class Grammar
{
    private const string TokenCharacters = "!#$%&'*+-.^_`|~0123456789abcXYZ";

    private static readonly string[] Members =
    [
        "access_token", "token_type", "expires_in", "scope", "error", "error_description", "error_uri", "refresh_token", "id_token", "x",
        "message", "issuer", "token_endpoint", "token_endpoint_auth_methods_supported", "ACCESS_TOKEN", "access\\u005ftoken", "\\ud800", "",
    ];

    private static readonly string[] Values =
    [
        "\"canary\"", "\"Bearer\"", "\"bearer\"", "\"mac\"", "3600", "\"3600\"", "-1", "1e400", "1.5", "null", "true", "[]", "{}",
        "[[[[[[[1]]]]]]]", "\"\"", "\" \"", "\"a\\r\\nb: c\"", "\"\\ud800\"", "\"\\u0000\"", "\"read write\"", "\"invalid_client\"",
        "\"server_error\"", "\"https://id.example.com\"", "\"https://id.example.com/token\"", "\"https://evil.example.org/token\"",
        "[\"client_secret_basic\"]", "\"\u00e9\u2028\"", "[\"read\",\"write\"]", "{\"code\":\"server_error\",\"message\":\"canary\"}",
    ];

    private static readonly string[] Hosts =
    [
        "id.example.com", "a.id.example.com", "ID.example.com", "tokens.example.net", "evil.example.org", "id.example.com.evil.org",
        "xid.example.com", "127.0.0.1", "2130706433", "0177.1", "[::1]", "[fe80::1%25eth0]", "localhost", "id.example.com.",
        "\u2603.id.example.com", "id\u3002example\u3002com", "\uff49d.example.com", "", "id.example.com\\\\", "id.example.com%00",
    ];

    /// <summary>The words that a mutation may insert anywhere.</summary>
    public static IReadOnlyList<string> Words { get; } =
    [
        .. Members.Select(member => $"\"{member}\":"), .. Values, .. Hosts,
        "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u", "\\u000a", "\\ud83d", "\r\n", "\0", "\uFEFF", "e999999", "99999999999999999999",
        "canary", "c2hvcDpjYW5hcnk=", "Bearer ",
        "DPoP ", "error=", "error=\"", "=", "==", ", ", "\t", "GMT", "https://", "@", "#", "?", "..", "%0d%0a",
    ];

    public static string Object(Random random)
    {
        List<string> members = [.. Enumerable.Range(0, random.Next(7)).Select(_ => $"\"{Pick(random, Members)}\":{Pick(random, Values)}")];
        if (random.Next(4) == 0)
        {
            members.AddRange(members.Take(1).ToArray());
        }

        return $"{{{string.Join(',', members)}}}";
    }

    public static string Token(Random random)
    {
        string token = Pick(random, "\"canary\"", Pick(random, Values));
        string type = Pick(random, "\"Bearer\"", Pick(random, Values));
        string lifetime = Pick(random, "60", Number(random));
        return $$"""{"access_token":{{token}},"token_type":{{type}},"expires_in":{{lifetime}},{{Object(random)[1..]}}""";
    }

    public static string Error(Random random) =>
        $$"""{"error":{{Pick(random, Values)}},"error_description":{{Pick(random, Values)}},{{Object(random)[1..]}}""";

    public static string Metadata(Random random)
    {
        string endpoint = Pick(random, "https://", "http://", "HTTPS://", "//", "https:", "https:/\\\\")
            + Pick(random, "", "", "u@", "u:p@")
            + Pick(random, Hosts)
            + Pick(random, "", ":443", ":8443", ":", ":99999")
            + Pick(random, "", "/token", "/../token", "?a", "#b", "\\\\b");
        return $$"""{"issuer":"https://id.example.com","token_endpoint":"{{endpoint}}",{{Object(random)[1..]}}""";
    }

    public static string Number(Random random)
    {
        string digits = string.Concat(Enumerable.Range(0, 1 + random.Next(random.Next(8) == 0 ? 400 : 20)).Select(_ => random.Next(10)));
        string end = Pick(random, "", ".0", "." + digits, "e5", "e-5", "e" + digits, "E+1");
        string number = Pick(random, "", "-", "+", "0.", "\"", "\"-") + digits + end;
        return number.StartsWith('"') ? number + '"' : number;
    }

    public static string Wait(Random random)
    {
        if (random.Next(2) == 0)
        {
            return Number(random);
        }

        DateTime date = new(random.NextInt64(DateTime.MaxValue.Ticks), DateTimeKind.Utc);
        string format = Pick(random, "R", "dddd, dd-MMM-yy HH:mm:ss 'GMT'", "ddd MMM d HH:mm:ss yyyy", "O");
        return date.ToString(format, CultureInfo.InvariantCulture);
    }

    public static string Challenges(Random random)
    {
        string separator = Pick(random, ",", ", ", " , ,");
        return string.Join(separator, Enumerable.Range(0, random.Next(5)).Select(_ => $"{Name(random)} {Parameters(random)}"));
    }

    public static string Name(Random random) =>
        string.Concat(Enumerable.Range(0, 1 + random.Next(8)).Select(_ => TokenCharacters[random.Next(TokenCharacters.Length)]));

    private static string Parameters(Random random) => string.Join(',', Enumerable.Range(0, random.Next(4)).Select(_ =>
        $"{Pick(random, "error", "realm", Name(random))}={Pick(random, Name(random), "\"invalid_token\"", "\"a,b=c\"", "")}"));

    public static string Pick(Random random, params ReadOnlySpan<string> choices) => choices[random.Next(choices.Length)];
}
