using System.Text;

namespace OAuthClientCredentials.Diagnostics;

/// <summary>Makes text from a server safe to quote: without our secrets, on one line and at most 256 characters .</summary>
internal static class ServerText
{
    private const int MaxLength = 256;

    // Limits the work for a text that fills the whole response.
    private const int MaxExamined = 32 * 1024;

    /// <summary>Returns the text without secrets and control characters, or null if nothing is left.</summary>
    public static string? Clean(string? text, IReadOnlyList<string> secrets)
    {
        if (string.IsNullOrEmpty(text))
        {
            return null;
        }

        // Secrets are removed before the text is cut, because a cut can leave half of one.
        string redacted = Redact(text, secrets);
        StringBuilder clean = new(MaxLength);
        foreach (char character in redacted.AsSpan(0, Math.Min(redacted.Length, MaxLength)))
        {
            clean.Append(ToPrintable(character));
        }

        // Text that is blank after cleaning is treated as absent.
        string line = clean.ToString().Trim();
        if (line.Length == 0)
        {
            return null;
        }

        return line;
    }

    public static bool IsPrintable(char character) => !char.IsSurrogate(character) && !DecodedText.IsControl(character);

    private static char ToPrintable(char character) => IsPrintable(character) ? character : ' ';

    private static string Redact(string text, IReadOnlyList<string> secrets)
    {
        int end = text.Length;
        if (text.Length > MaxExamined)
        {
            // A secret that is cut in two here begins in the second half, which is not quoted.
            text = text[..MaxExamined];
            end = MaxExamined / 2;
        }

        StringBuilder redacted = new(end);
        int position = 0;
        foreach ((int start, int stop) in SecretFinder.Find(text, secrets).TakeWhile(found => found.Start < end))
        {
            redacted.Append(text, position, start - position).Append("***");
            position = stop;
        }

        return redacted.Append(text, position, Math.Max(0, end - position)).ToString();
    }
}
