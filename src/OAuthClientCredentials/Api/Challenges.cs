using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace OAuthClientCredentials.Api;

/// <summary>One challenge of a <c>WWW-Authenticate</c> header (RFC 9110 section 11.6.1).</summary>
internal readonly record struct Challenge(string Scheme, string? Error);

/// <summary>Reads all challenges of a response. A malformed header counts as no challenge .</summary>
internal static class Challenges
{
    private const int MaxLength = 8 * 1024;
    private const int MaxChallenges = 16;

    /// <returns>The challenges; an empty list if there is no header, or if it is malformed or too long.</returns>
    public static IReadOnlyList<Challenge> Read(HttpResponseMessage response)
    {
        response.Headers.NonValidated.TryGetValues("WWW-Authenticate", out HeaderStringValues lines);
        string header = string.Join(',', lines);
        if (header.Length > MaxLength)
        {
            return [];
        }

        return Parse(header) ?? [];
    }

    /// <summary>The <c>error</c> of the first challenge of a scheme, or null if it has none.</summary>
    public static string? ErrorOf(HttpResponseMessage response, string scheme)
    {
        if (response.StatusCode != HttpStatusCode.Unauthorized)
        {
            return null;
        }

        return Read(response).FirstOrDefault(challenge => challenge.Scheme.Equals(scheme, StringComparison.OrdinalIgnoreCase)).Error;
    }

    /// <returns>The challenges, or <see langword="null"/> if they are malformed.</returns>
    // challenge = scheme [ 1*SP ( token68 / #( name BWS "=" BWS ( token / quoted-string ) ) ) ]; each character is read once.
    internal static List<Challenge>? Parse(string header)
    {
        List<Challenge> challenges = [];
        Scanner scanner = new(header);
        while (scanner.SkipSeparators())
        {
            if (scanner.ReadToken() is not { Length: > 0 } word)
            {
                return null;
            }

            if (challenges.Count > 0 && scanner.SkipEquals())
            {
                if (scanner.ReadValue() is not { } value)
                {
                    return null;
                }

                if (word.Equals("error", StringComparison.OrdinalIgnoreCase) && challenges[^1].Error is null)
                {
                    challenges[^1] = challenges[^1] with { Error = value };
                }

                continue;
            }

            challenges.Add(new(word, null));
            if (challenges.Count > MaxChallenges || !scanner.EndsScheme())
            {
                return null;
            }

            scanner.SkipToken68();
        }

        return challenges;
    }

    private ref struct Scanner(string text)
    {
        private ReadOnlySpan<char> _rest = text;

        public bool SkipSeparators()
        {
            _rest = _rest.TrimStart(" \t,");
            return _rest.Length > 0;
        }

        public string ReadToken()
        {
            int length = 0;
            while (length < _rest.Length && IsTokenCharacter(_rest[length]))
            {
                length++;
            }

            string token = _rest[..length].ToString();
            _rest = _rest[length..];
            return token;
        }

        public bool SkipEquals()
        {
            ReadOnlySpan<char> rest = _rest.TrimStart(" \t");
            if (rest.Length == 0 || rest[0] != '=')
            {
                return false;
            }

            _rest = rest[1..].TrimStart(" \t");
            return true;
        }

        public string? ReadValue()
        {
            if (_rest.Length == 0 || _rest[0] != '"')
            {
                string token = ReadToken();
                if (token.Length == 0 || !EndsItem())
                {
                    return null;
                }

                return token;
            }

            return ReadQuotedString();
        }

        private string? ReadQuotedString()
        {
            StringBuilder value = new();
            for (int index = 1; index < _rest.Length; index++)
            {
                if (_rest[index] == '"')
                {
                    _rest = _rest[(index + 1)..];
                    if (!EndsItem())
                    {
                        return null;
                    }

                    return value.ToString();
                }

                if (_rest[index] == '\\')
                {
                    index++;
                }

                if (index < _rest.Length)
                {
                    value.Append(_rest[index]);
                }
            }

            return null;
        }

        public readonly bool EndsScheme() => _rest.Length == 0 || _rest[0] is ' ' or '\t' or ',';

        // A token68 looks like a parameter name, but is followed by padding ("=") or by the end of the item instead of a value.
        public void SkipToken68()
        {
            ReadOnlySpan<char> rest = _rest.TrimStart(" \t");
            int length = 0;
            while (length < rest.Length && IsToken68Character(rest[length]))
            {
                length++;
            }

            int padded = length;
            while (padded < rest.Length && rest[padded] == '=')
            {
                padded++;
            }

            ReadOnlySpan<char> after = rest[padded..].TrimStart(" \t");
            if (length > 0 && (after.Length == 0 || after[0] == ','))
            {
                _rest = after;
            }
        }

        private readonly bool EndsItem()
        {
            ReadOnlySpan<char> rest = _rest.TrimStart(" \t");
            return rest.Length == 0 || rest[0] == ',';
        }

        private static bool IsToken68Character(char character) =>
            char.IsAsciiLetterOrDigit(character) || "-._~+/".Contains(character, StringComparison.Ordinal);

        private static bool IsTokenCharacter(char character) =>
            char.IsAsciiLetterOrDigit(character) || "!#$%&'*+-.^_`|~".Contains(character, StringComparison.Ordinal);
    }
}
