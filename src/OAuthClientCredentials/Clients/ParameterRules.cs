using System.Buffers;
using System.Text.Json;

namespace OAuthClientCredentials.Clients;

/// <summary>What may stand in a token request: one rule per kind of parameter, each answering with what is wrong, or null.</summary>
internal static class ParameterRules
{
    private static readonly string[] Reserved =
    [
        "grant_type", "client_id", "client_secret", "client_assertion", "client_assertion_type", "scope", "resource", "audience",
        "authorization_details", "dpop",
    ];

    private static readonly SearchValues<char> ScopeCharacters = SearchValues.Create(
        [.. Enumerable.Range(0x21, 0x7E - 0x21 + 1).Select(code => (char)code).Where(character => character is not ('"' or '\\'))]);

    // A parameter may not be sent twice.
    public static string? CheckParameter(string name, string? value)
    {
        if (string.IsNullOrEmpty(name))
        {
            return "has a parameter without a name";
        }

        if (Reserved.Contains(name, StringComparer.OrdinalIgnoreCase))
        {
            return $"may not set '{name}': the library sends it itself; use the option of that name";
        }

        return string.IsNullOrEmpty(value) ? $"has no value for '{name}'; leave the parameter out instead (RFC 6749 section 3.2)" : null;
    }

    // The characters of RFC 6749 section 3.3.
    public static string? CheckScopes(string? scopes)
    {
        foreach (string scope in (scopes ?? "").Split(' '))
        {
            if (scope.Length == 0)
            {
                return "has an empty scope; separate scopes by single spaces, or list them one by one";
            }

            if (scope.AsSpan().ContainsAnyExcept(ScopeCharacters))
            {
                return "has a scope with a character that RFC 6749 section 3.3 does not allow "
                    + "(printable ASCII without space, quote and backslash)";
            }
        }

        return null;
    }

    public static string? CheckResource(string? resource) =>
        Uri.TryCreate(resource, UriKind.Absolute, out _) && !resource.Contains('#', StringComparison.Ordinal)
            ? null
            : "must hold absolute URIs without a fragment (RFC 8707 section 2)";

    public static string? CheckAuthorizationDetails(string details)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(details);
            return document.RootElement.ValueKind == JsonValueKind.Array ? null : "must be a JSON array (RFC 9396 section 2)";
        }
        catch (JsonException)
        {
            return "must be a JSON array (RFC 9396 section 2)";
        }
    }
}
