using System.Buffers;
using System.Collections.Frozen;
using System.Globalization;
using System.Net;
using System.Text;

namespace OAuthClientCredentials.Diagnostics;

/// <summary>A text after zero or more decodings. Each character is mapped to its part of the original text.</summary>
internal sealed class DecodedText
{
    private const int MaxEntityLength = 12;

    // A shorter run of base64 cannot contain a secret that is searched for.
    private const int MinBase64Length = 6;

    private static readonly SearchValues<char> EscapeStarts = SearchValues.Create("%&\\");

    // The HTML 5 entities for punctuation, which WebUtility does not decode.
    private static readonly FrozenDictionary<string, string> Punctuation = (
        "excl ! num # dollar $ percnt % lpar ( rpar ) ast * midast * plus + comma , period . sol / colon : semi ; equals = quest ? "
        + "commat @ lsqb [ lbrack [ bsol \\ rsqb ] rbrack ] Hat ^ lowbar _ UnderBar _ grave ` DiacriticalGrave ` lcub { lbrace { "
        + "verbar | vert | VerticalLine | rcub } rbrace }")
        .Split(' ').Chunk(2).ToFrozenDictionary(pair => $"&{pair[0]};", pair => pair[1], StringComparer.Ordinal);

    private readonly StringBuilder _text;
    private readonly List<int> _starts;
    private readonly List<int> _ends;

    private DecodedText(int capacity)
    {
        _text = new(capacity);
        _starts = new(capacity);
        _ends = new(capacity);
    }

    public string Text { get; private set; } = "";

    public static DecodedText Of(string text)
    {
        DecodedText original = new(text.Length);
        for (int index = 0; index < text.Length; index++)
        {
            original.Add(text[index], index, index + 1);
        }

        return original.Complete();
    }

    /// <summary>Returns the part of the original text that some characters came from.</summary>
    public (int Start, int End) Origin(int index, int length) => (_starts[index], _ends[index + length - 1]);

    /// <summary>Decodes percent, HTML and JSON escapes once. Returns null if the text has none.</summary>
    public DecodedText? TryUnescape()
    {
        if (!Text.AsSpan().ContainsAny(EscapeStarts))
        {
            return null;
        }

        DecodedText decoded = new(Text.Length);
        int index = 0;
        while (index < Text.Length)
        {
            int length = Text[index] switch
            {
                '%' => UnescapePercent(index, decoded),
                '&' => UnescapeEntity(index, decoded),
                '\\' => UnescapeBackslash(index, decoded),
                _ => 0,
            };
            if (length == 0)
            {
                decoded.Add(Text[index], _starts[index], _ends[index]);
                length = 1;
            }

            index += length;
        }

        decoded.Complete();
        if (decoded.Text.Length >= Text.Length)
        {
            return null;
        }

        return decoded;
    }

    /// <summary>
    /// Decodes all runs of base64 or base64url, with or without padding. The base64 may follow other characters of the alphabet, as in a
    /// path, so each run is decoded from each of its first four characters.
    /// </summary>
    public IEnumerable<DecodedText> DecodeBase64()
    {
        List<List<int>> runs = [.. Base64Runs().Where(run => run.Count >= MinBase64Length)];
        for (int skipped = 0; skipped < 4 && runs.Count > 0; skipped++)
        {
            DecodedText decoded = new(Text.Length);
            foreach (List<int> run in runs)
            {
                DecodeRun(run, skipped, decoded);
            }

            yield return decoded.Complete();
        }
    }

    private void Add(char character, int start, int end)
    {
        _text.Append(character);
        _starts.Add(start);
        _ends.Add(end);
    }

    private DecodedText Complete()
    {
        Text = _text.ToString();
        return this;
    }

    // The Unescape methods return the number of characters that they decoded, or 0.
    private int UnescapePercent(int index, DecodedText decoded)
    {
        List<(byte Value, int Start, int End)> bytes = [];
        int position = index;
        while (position < Text.Length && Text[position] == '%' && TryReadHex(position + 1, 2, out int value))
        {
            bytes.Add(((byte)value, _starts[position], _ends[position + 2]));
            position += 3;
        }

        decoded.AddBytes(bytes);
        return position - index;
    }

    private int UnescapeEntity(int index, DecodedText decoded)
    {
        int length = Text.AsSpan(index + 1, Math.Min(MaxEntityLength, Text.Length - index - 1)).IndexOfAny('&', ';') + 2;
        if (length < 2 || Text[index + length - 1] != ';')
        {
            return 0;
        }

        string entity = Text.Substring(index, length);
        string characters = Punctuation.GetValueOrDefault(entity) ?? WebUtility.HtmlDecode(entity);
        if (characters == entity)
        {
            return 0;
        }

        foreach (char character in characters)
        {
            decoded.Add(character, _starts[index], _ends[index + length - 1]);
        }

        return length;
    }

    private int UnescapeBackslash(int index, DecodedText decoded)
    {
        if (index + 1 == Text.Length)
        {
            return 0;
        }

        char kind = Text[index + 1];
        int digits = kind switch
        {
            'u' => 4,
            'x' => 2,
            '"' or '\'' or '/' or '\\' => 0,
            _ => -1,
        };
        int value = kind;
        if (digits < 0 || (digits > 0 && !TryReadHex(index + 2, digits, out value)))
        {
            return 0;
        }

        decoded.Add((char)value, _starts[index], _ends[index + 1 + digits]);
        return 2 + digits;
    }

    private bool TryReadHex(int index, int digits, out int value)
    {
        value = 0;
        return index + digits <= Text.Length
            && int.TryParse(Text.AsSpan(index, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);
    }

    private IEnumerable<List<int>> Base64Runs()
    {
        List<int> run = [];
        for (int index = 0; index < Text.Length; index++)
        {
            if (Base64Value(Text[index]) >= 0)
            {
                run.Add(index);
            }
            else if (Text[index] is not ('\r' or '\n'))
            {
                // MIME breaks base64 into lines. Any other character ends the run.
                yield return run;
                run = [];
            }
        }

        yield return run;
    }

    private void DecodeRun(List<int> run, int skipped, DecodedText decoded)
    {
        List<(byte Value, int Start, int End)> bytes = [];
        for (int bit = 0; skipped + ((bit + 7) / 6) < run.Count; bit += 8)
        {
            int first = run[skipped + (bit / 6)];
            int last = run[skipped + ((bit + 7) / 6)];
            int twelve = (Base64Value(Text[first]) << 6) | Base64Value(Text[last]);
            bytes.Add(((byte)(twelve >> (4 - (bit % 6))), _starts[first], _ends[last]));
        }

        if (bytes.Count > 0)
        {
            // The padding belongs to the last byte.
            int end = run[^1] + 1;
            while (end < Text.Length && Text[end] == '=')
            {
                end++;
            }

            bytes[^1] = bytes[^1] with { End = _ends[end - 1] };
        }

        decoded.AddBytes(bytes);
        decoded.Add('\n', _starts[run[0]], _ends[run[^1]]);
    }

    private static int Base64Value(char character) => character switch
    {
        >= 'A' and <= 'Z' => character - 'A',
        >= 'a' and <= 'z' => character - 'a' + 26,
        >= '0' and <= '9' => character - '0' + 52,
        '+' or '-' => 62,
        '/' or '_' => 63,
        _ => -1,
    };

    // Bytes that are not UTF-8 are read as Latin-1.
    private void AddBytes(List<(byte Value, int Start, int End)> bytes)
    {
        byte[] values = [.. bytes.Select(value => value.Value)];
        int index = 0;
        while (index < values.Length)
        {
            OperationStatus status = Rune.DecodeFromUtf8(values.AsSpan(index), out Rune rune, out int length);
            if (status != OperationStatus.Done)
            {
                (rune, length) = (new Rune((char)values[index]), 1);
            }

            foreach (char character in rune.ToString())
            {
                Add(character, bytes[index].Start, bytes[index + length - 1].End);
            }

            index += length;
        }
    }

    public static bool IsControl(char character) => CharUnicodeInfo.GetUnicodeCategory(character)
        is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
}
