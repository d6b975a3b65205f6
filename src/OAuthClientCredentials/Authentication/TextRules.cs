namespace OAuthClientCredentials.Authentication;

/// <summary>Finds mistakes in a text that was copied, or that a deployment should have replaced (R-364).</summary>
internal static class TextRules
{
    // The forms of shells, templates, CI systems, Octopus, Helm and documentation. A real secret may contain any of these characters.
    private static readonly (string Start, string End)[] Placeholders =
        [("${", "}"), ("$(", ")"), ("<", ">"), ("%", "%"), ("{{", "}}"), ("#{", "}"), ("#{", "}#"), ("__", "__")];

    /// <summary>Why a required text is not there: an environment variable may exist and be empty.</summary>
    public static string Absence(string? text) => text is null ? "is missing" : "is empty";

    /// <summary>Returns the problem and its remedy, or null.</summary>
    public static string? Check(string text)
    {
        if (text.Length == 0)
        {
            return null;
        }

        if (text.AsSpan().ContainsAny('\r', '\n', '\0'))
        {
            return "contains a line break or a NUL character. Remove it";
        }

        if (char.IsWhiteSpace(text[0]) || char.IsWhiteSpace(text[^1]))
        {
            return "begins or ends with white space. Remove it";
        }

        return IsPlaceholder(text) ? "is a placeholder that was not replaced. Set the real value" : null;
    }

    private static bool IsPlaceholder(string text)
    {
        // App Service passes a reference that it could not resolve as the value.
        const string KeyVaultReference = "@Microsoft.KeyVault(";
        return text.StartsWith(KeyVaultReference, StringComparison.Ordinal) || Array.Exists(Placeholders, IsForm);

        bool IsForm((string Start, string End) placeholder) =>
            text.Length > placeholder.Start.Length + placeholder.End.Length
            && text.StartsWith(placeholder.Start, StringComparison.Ordinal)
            && text.EndsWith(placeholder.End, StringComparison.Ordinal)
            && text[placeholder.Start.Length..^placeholder.End.Length].All(IsPartOfName);
    }

    private static bool IsPartOfName(char character) =>
        char.IsAsciiLetterOrDigit(character) || "_-.: ".Contains(character, StringComparison.Ordinal);
}
