namespace OAuthClientCredentials.Diagnostics;

/// <summary>Finds our secrets in a server's text.</summary>
/// <remarks>
/// The text is decoded step by step, and each step is searched. This finds a secret in any nesting of the encodings that
/// <see cref="DecodedText"/> decodes.
/// </remarks>
internal static class SecretFinder
{
    // A shorter secret is searched for exactly. A loose comparison would find it in nearly every text.
    private const int MinLooseLength = 4;

    private const int MaxNestedEscapes = 4;

    /// <summary>The parts of the text that hold a secret, in order and without overlap.</summary>
    public static List<(int Start, int End)> Find(string text, IReadOnlyList<string> secrets)
    {
        List<(int Start, int End)> found = [];
        string[] exact = [.. secrets.Where(secret => secret.Length is > 0 and < MinLooseLength)];
        string[] loose = [.. secrets.SelectMany(LooseForms).Distinct(StringComparer.Ordinal)];
        if (exact.Length + loose.Length == 0)
        {
            return found;
        }

        foreach (DecodedText level in Levels(DecodedText.Of(text)))
        {
            FindAll(level, level.Text, exact, found);
            FindAll(level, Fold(level.Text), loose, found);
            foreach (DecodedText decoded in level.DecodeBase64().SelectMany(Levels))
            {
                FindAll(decoded, Fold(decoded.Text), loose, found);
            }
        }

        return Merge(found);
    }

    // A secret that looks encoded itself ("a%41b") is decoded with the text around it, so its decoded forms are searched for too.
    private static IEnumerable<string> LooseForms(string secret) =>
        Levels(DecodedText.Of(secret)).Select(level => Fold(level.Text)).Where(form => form.Length >= MinLooseLength);

    private static IEnumerable<DecodedText> Levels(DecodedText text)
    {
        yield return text;
        for (int level = 0; level < MaxNestedEscapes && text.TryUnescape() is { } unescaped; level++)
        {
            text = unescaped;
            yield return text;
        }
    }

    private static void FindAll(DecodedText source, string text, string[] forms, List<(int Start, int End)> found)
    {
        foreach (string form in forms)
        {
            int index = text.IndexOf(form, StringComparison.OrdinalIgnoreCase);
            while (index >= 0)
            {
                found.Add(source.Origin(index, form.Length));
                int next = index + form.Length;
                index = text.IndexOf(form, next, StringComparison.OrdinalIgnoreCase);
            }
        }
    }

    // A form has + for a space, base64url has - and _ for + and /, and a control character is quoted as a space.
    private static string Fold(string text) => string.Create(text.Length, text, static (folded, text) =>
    {
        for (int index = 0; index < text.Length; index++)
        {
            folded[index] = text[index] switch
            {
                '+' or '-' => ' ',
                '_' => '/',
                { } character when DecodedText.IsControl(character) => ' ',
                { } character => character,
            };
        }
    });

    private static List<(int Start, int End)> Merge(List<(int Start, int End)> found)
    {
        found.Sort();
        List<(int Start, int End)> merged = [];
        foreach ((int start, int end) in found)
        {
            if (merged.Count > 0 && start < merged[^1].End)
            {
                merged[^1] = (merged[^1].Start, Math.Max(end, merged[^1].End));
            }
            else
            {
                merged.Add((start, end));
            }
        }

        return merged;
    }
}
