using System.Globalization;
using System.Text;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Fuzz;

/// <summary>Creates inputs from a corpus and a grammar, and gives each to a check.</summary>
/// <remarks>
/// An input with a new outcome is added to the corpus, so that later inputs build on it. The same seed creates the same inputs.
/// </remarks>
internal sealed class Fuzzer
{
    private const int MaxKept = 2000;
    private const int MaxLength = 4096;

    // FUZZ_INPUTS=1000000 is the long run.
    private static readonly int Inputs = ReadNumber("FUZZ_INPUTS", "20000");
    private static readonly int Seed = ReadNumber("FUZZ_SEED", "1");

    private readonly List<byte[]> _pool;
    private readonly byte[][] _words;
    private readonly Func<Random, string> _grammar;
    private readonly Random _random = new(Seed);

    private Fuzzer(string corpus, Func<Random, string> grammar)
    {
        _pool = Entries(corpus);
        _words = [.. Grammar.Words.Select(Encoding.UTF8.GetBytes)];
        _grammar = grammar;
    }

    /// <summary>Checks every entry of the corpus and then new inputs. The check returns its outcome in a few words.</summary>
    public static void Run(string corpus, Func<Random, string> grammar, Func<byte[], string> check, int share = 1)
    {
        Fuzzer fuzzer = new(corpus, grammar);
        HashSet<string> outcomes = [];
        int entries = fuzzer._pool.Count;
        for (int number = 0; number < entries + (Inputs / share); number++)
        {
            byte[] input = number < entries ? fuzzer._pool[number] : fuzzer.Next();
            try
            {
                if (outcomes.Add(check(input)) && fuzzer._pool.Count < MaxKept)
                {
                    fuzzer._pool.Add(input);
                }
            }
            catch (Exception exception)
            {
                throw new InvalidOperationException($"Input {number} of seed {Seed}: {Escape(input)}", exception);
            }
        }
    }

    private static int ReadNumber(string variable, string defaultValue) =>
        int.Parse(Environment.GetEnvironmentVariable(variable) ?? defaultValue, CultureInfo.InvariantCulture);

    private byte[] Next()
    {
        // A third is written by the grammar, and half of that stays as it is. The rest is changed.
        bool isWritten = _random.Next(3) == 0;
        List<byte> input = isWritten ? [.. Encoding.UTF8.GetBytes(_grammar(_random))] : [.. Pick(_pool)];
        if (!isWritten || _random.Next(2) == 0)
        {
            ChangeAFewTimes(input);
        }

        return [.. input.Take(MaxLength)];
    }

    private void ChangeAFewTimes(List<byte> input)
    {
        int max = _random.Next(4) == 0 ? 16 : 3;
        for (int changes = 1 + _random.Next(max); changes > 0; changes--)
        {
            Change(input);
        }
    }

    private void Change(List<byte> input)
    {
        int at = _random.Next(input.Count + 1);
        int length = Math.Min(_random.Next(_random.Next(2) == 0 ? 4 : 64), input.Count - at);
        switch (_random.Next(9))
        {
            case 0 when at < input.Count: input[at] ^= (byte)(1 << _random.Next(8)); break;
            case 1 when at < input.Count: input[at] = (byte)_random.Next(256); break;
            case 2: input.Insert(at, (byte)_random.Next(256)); break;
            case 3: input.RemoveRange(at, length); break;
            case 4: input.InsertRange(_random.Next(input.Count + 1), [.. input.Skip(at).Take(length)]); break;
            case 5: Splice(input, at); break;
            case 6: Repeat(input, at, length); break;
            default: input.InsertRange(at, Pick(_words)); break;
        }
    }

    private void Repeat(List<byte> input, int at, int length)
    {
        byte[] part = [.. input.Skip(at).Take(length)];
        input.InsertRange(at, [.. Enumerable.Repeat(part, _random.Next(40)).SelectMany(bytes => bytes)]);
    }

    private void Splice(List<byte> input, int at)
    {
        byte[] other = Pick(_pool);
        input.RemoveRange(at, input.Count - at);
        input.AddRange(other.Skip(_random.Next(other.Length + 1)));
    }

    private T Pick<T>(IReadOnlyList<T> list) => list[_random.Next(list.Count)];

    private static List<byte[]> Entries(string corpus)
    {
        string text = Repository.Read($"tests/OAuthClientCredentials.Tests/Fuzz/Corpus/{corpus}.txt");
        return [.. text.ReplaceLineEndings("\n").TrimEnd('\n').Split('\n').Select(Unescape)];
    }

    private static byte[] Unescape(string line)
    {
        List<byte> bytes = [];
        for (int index = 0; index < line.Length; index++)
        {
            if (line[index] == '\\' && line[index + 1] == 'x')
            {
                bytes.Add(Convert.ToByte(line.Substring(index + 2, 2), 16));
                index += 3;
                continue;
            }

            if (line[index] == '\\')
            {
                index++;
            }

            bytes.Add((byte)line[index]);
        }

        return [.. bytes];
    }

    private static string Escape(byte[] bytes) => string.Concat(bytes.Select(value => value switch
    {
        (byte)'\\' => @"\\",
        >= 0x20 and < 0x7F => ((char)value).ToString(),
        _ => $@"\x{value:x2}",
    }));
}
