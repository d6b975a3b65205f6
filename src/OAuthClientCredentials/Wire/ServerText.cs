using System.Globalization;
using System.Text;

namespace OAuthClientCredentials.Wire;

internal static class ServerText
{
    private const int MaxLength = 256;

    // servers echo requests, and a log line must stay one line. Secrets are removed before the cut, which could leave half of one.
    public static string? Clean(string? text, IReadOnlyList<string> secrets)
    {
        if (string.IsNullOrEmpty(text))
        {
            return null;
        }

        foreach (string secret in secrets)
        {
            text = text.Replace(secret, "***", StringComparison.OrdinalIgnoreCase);
        }

        StringBuilder clean = new(Math.Min(text.Length, MaxLength));
        foreach (char character in text.AsSpan(0, Math.Min(text.Length, MaxLength)))
        {
            clean.Append(IsPrintable(character) ? character : ' ');
        }

        // What is blank then was no text, and an error code of blanks is none.
        string line = clean.ToString().Trim();
        return line.Length == 0 ? null : line;
    }

    private static bool IsPrintable(char character) =>
        CharUnicodeInfo.GetUnicodeCategory(character)
            is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.Surrogate);
}
