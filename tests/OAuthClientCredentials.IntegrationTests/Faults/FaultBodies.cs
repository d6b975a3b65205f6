using System.IO.Compression;

namespace OAuthClientCredentials.IntegrationTests.Faults;

internal static class FaultBodies
{
    public const int Huge = 50 * 1024 * 1024;

    public static byte[] Gzip { get; } = Compress(bytes => new GZipStream(bytes, CompressionLevel.Optimal));

    public static byte[] Deflate { get; } = Compress(bytes => new ZLibStream(bytes, CompressionLevel.Optimal));

    public static byte[] Brotli { get; } = Compress(bytes => new BrotliStream(bytes, CompressionLevel.Fastest));

    /// <summary>The rest of a JSON object, nearly as long as a body may be.</summary>
    public static string Members { get; } = string.Concat(Enumerable.Range(0, 25_000).Select(number => $",\"{number:x}\":0")) + "}";

    /// <summary>The valid body with one member added or replaced.</summary>
    public static string With(ServerConnection connection, string member, string value)
    {
        IEnumerable<string> pairs = connection.ValidBody[1..^1].Split(',');
        IEnumerable<string> others = pairs.Where(pair => !pair.StartsWith($"\"{member}\":", StringComparison.Ordinal));
        return string.Join(',', others.Prepend($$"""{"{{member}}":{{value}}""")) + "}";
    }

    private static byte[] Compress(Func<Stream, Stream> encoder)
    {
        using MemoryStream bytes = new();
        using (Stream stream = encoder(bytes))
        {
            byte[] block = new byte[64 * 1024];
            for (int size = 0; size < Huge; size += block.Length)
            {
                stream.Write(block);
            }
        }

        return bytes.ToArray();
    }
}
