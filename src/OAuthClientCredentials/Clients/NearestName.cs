namespace OAuthClientCredentials.Clients;

/// <summary>Finds the name of an option, a client or a section that was probably meant .</summary>
internal static class NearestName
{
    private const int MaxEdits = 2;
    private const int MinPart = 3;

    /// <summary>Returns the most similar name, or null if none is similar. Case and separators such as <c>_</c> have no effect.</summary>
    public static string? Find(string name, IEnumerable<string> candidates)
    {
        string plain = WithoutSeparators(name);
        return candidates
            .Select(candidate => (Name: candidate, Plain: WithoutSeparators(candidate)))
            .Where(candidate => plain.Length > 0 && candidate.Plain.Length > 0 && IsSimilar(plain, candidate.Plain))
            .OrderBy(candidate => Edits(plain, candidate.Plain))
            .Select(candidate => candidate.Name)
            .FirstOrDefault();
    }

    /// <summary>The question that follows a problem, with a blank before it; empty if no name is similar.</summary>
    public static string Suggest(string name, IEnumerable<string> candidates) =>
        Find(name, candidates) is { } nearest ? $" Did you mean {nearest}?" : "";

    private static string WithoutSeparators(string name) => string.Concat(name.Where(char.IsLetterOrDigit)).ToUpperInvariant();

    private static bool IsSimilar(string left, string right)
    {
        int longer = Math.Max(left.Length, right.Length);
        int difference = longer - Math.Min(left.Length, right.Length);
        return IsPart(left, right) || IsPart(right, left)
            || (difference <= MaxEdits && Edits(left, right) <= Math.Min(MaxEdits, longer / 2));
    }

    private static bool IsPart(string part, string whole) =>
        part.Length >= MinPart && (whole.StartsWith(part, StringComparison.Ordinal) || whole.EndsWith(part, StringComparison.Ordinal));

    // The Levenshtein distance, computed row by row.
    private static int Edits(string left, string right)
    {
        int[] row = [.. Enumerable.Range(0, right.Length + 1)];
        for (int i = 0; i < left.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i + 1;
            for (int j = 0; j < right.Length; j++)
            {
                int replaced = diagonal + Convert.ToInt32(left[i] != right[j]);
                diagonal = row[j + 1];
                row[j + 1] = Math.Min(replaced, Math.Min(row[j], diagonal) + 1);
            }
        }

        return row[^1];
    }
}
