using System.Buffers;
using System.Collections.Concurrent;
using System.Text;

namespace OAuthClientCredentials.IntegrationTests.Canaries;

/// <summary>Searches texts for markers, also inside base64, and counts the texts of each source.</summary>
internal sealed class CanaryFindings(params string[] markers)
{
    private readonly SearchValues<string> _markers =
        SearchValues.Create([.. markers.SelectMany(Encodings)], StringComparison.OrdinalIgnoreCase);

    private readonly ConcurrentDictionary<string, int> _counts = new(StringComparer.Ordinal);

    public ConcurrentQueue<string> Found { get; } = new();

    public int Count(string source) => _counts.GetValueOrDefault(source);

    public void Search(string source, string? text)
    {
        _counts.AddOrUpdate(source, 1, static (_, count) => count + 1);
        if (text is not null && text.AsSpan().ContainsAny(_markers))
        {
            Found.Enqueue($"{source}: {text}");
        }
    }

    // Base64 encodes a text in one of three ways, depending on its offset. The first and last characters depend on the neighbours.
    private static IEnumerable<string> Encodings(string marker)
    {
        yield return marker;
        for (int offset = 0; offset < 3; offset++)
        {
            string encoded = Convert.ToBase64String(Encoding.UTF8.GetBytes(new string('.', offset) + marker));
            int start = offset == 0 ? 0 : 4;
            yield return encoded[start..(encoded.Length / 4 * 4 - 4)];
        }
    }
}
