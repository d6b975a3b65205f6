using System.Buffers;
using System.Collections.Concurrent;
using System.Text;

namespace OAuthClientCredentials.IntegrationTests.Canaries;

/// <summary>Looks for canaries in whatever is said, also where they are inside of base64, and counts what it has looked at.</summary>
internal sealed class Sightings(params string[] markers)
{
    private readonly SearchValues<string> _wanted = SearchValues.Create([.. markers.SelectMany(Forms)], StringComparison.OrdinalIgnoreCase);
    private readonly ConcurrentDictionary<string, int> _heard = new(StringComparer.Ordinal);

    public ConcurrentQueue<string> Found { get; } = new();

    public int HeardOf(string ear) => _heard.GetValueOrDefault(ear);

    public void Look(string ear, string? text)
    {
        _heard.AddOrUpdate(ear, 1, static (_, count) => count + 1);
        if (text is not null && text.AsSpan().ContainsAny(_wanted))
        {
            Found.Enqueue($"{ear}: {text}");
        }
    }

    // Inside of base64 a text looks in one of three ways, by what stands before it; its ends depend on its neighbours.
    private static IEnumerable<string> Forms(string marker) =>
        Enumerable.Range(0, 3).Select(before =>
        {
            string encoded = Convert.ToBase64String(Encoding.UTF8.GetBytes(new string('.', before) + marker));
            return encoded[(before == 0 ? 0 : 4)..(encoded.Length / 4 * 4 - 4)];
        }).Prepend(marker);
}
