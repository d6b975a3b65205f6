using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Serialization;

namespace OAuthClientCredentials.IntegrationTests.Api;

/// <summary>Each kind of request content, and whether it can be sent a second time .</summary>
internal static class RequestContents
{
    public static readonly Dictionary<string, (Func<HttpContent?> Create, bool IsReplayed, bool IsBuffered)> All = new()
    {
        ["none"] = (() => null, true, false),
        ["bytes"] = (() => new ByteArrayContent(Large()), true, false),
        ["string"] = (() => new StringContent("an order, f\u00fcr \u20ac 5"), true, false),
        ["form"] = (() => new FormUrlEncodedContent([new("a", "b c"), new("d", "\u00e9&=")]), true, false),
        ["memory"] = (() => new ReadOnlyMemoryContent(Large().AsMemory(3)), true, false),
        ["multipart"] = (Parts, true, false),
        ["multipart of a seekable stream"] = (() => In(Seekable()), true, false),
        ["seekable stream"] = (Seekable, true, false),
        ["json of an object"] = (Json, true, false),
        ["json of a lazy sequence"] = (Lazy, false, false),
        ["json of a lazy async sequence"] = (LazyAsync, false, false),
        ["json of a lazy member"] = (LazyMember, false, false),
        ["json of a lazy member, buffered"] = (LazyMember, true, true),
        ["pipe"] = (() => new StreamContent(new Pipe()), false, false),
        ["multipart of a pipe"] = (PipeInParts, false, false),
        ["custom"] = (() => new Custom(100), false, false),
        ["json of a lazy sequence, buffered"] = (Lazy, true, true),
        ["pipe, buffered"] = (() => new StreamContent(new Pipe()), true, true),
        ["multipart of a pipe, buffered"] = (PipeInParts, true, true),
        ["custom, buffered"] = (() => new Custom(100), true, true),
        ["custom of more than fits, buffered"] = (() => new Custom(1024 * 1024 + 1), false, true),
    };

    /// <summary>The bytes that must reach the server each time, from another instance of the same content.</summary>
    public static Task<byte[]> BytesOf(string content) => All[content].Create()?.ReadAsByteArrayAsync() ?? Task.FromResult<byte[]>([]);

    // More than the buffers of a socket hold, so that it is still being sent when an early response arrives.
    private static byte[] Large() => [.. Enumerable.Range(0, 300_000).Select(number => (byte)(number * 7))];

    // The content starts where the stream stands, not at its beginning.
    private static StreamContent Seekable() => new(new MemoryStream(Large()) { Position = 1234 });

    private static MultipartFormDataContent Parts() => new("limit")
    {
        { new StringContent("a"), "first" },
        { new ByteArrayContent([7, 13, 10]), "second", "file.bin" },
    };

    private static MultipartContent In(HttpContent part) => new("mixed", "limit") { new StringContent("a"), part };

    private static MultipartContent PipeInParts() => In(new StreamContent(new Pipe()));

    private static JsonContent Json() => JsonContent.Create(new Order(7, "caf\u00e9", [1, 2]), RequestContentsJson.Default.Order);

    private static JsonContent Lazy() => JsonContent.Create(Numbers(new([1, 2, 3])), RequestContentsJson.Default.IEnumerableInt32);

    private static JsonContent LazyAsync() =>
        JsonContent.Create(NumbersAsync(new([1, 2, 3])), RequestContentsJson.Default.IAsyncEnumerableInt32);

    private static JsonContent LazyMember() =>
        JsonContent.Create(new Lines(Numbers(new([1, 2, 3]))), RequestContentsJson.Default.Lines);

    private static IEnumerable<int> Numbers(Queue<int> queue)
    {
        while (queue.TryDequeue(out int number))
        {
            yield return number;
        }
    }

    private static async IAsyncEnumerable<int> NumbersAsync(Queue<int> queue)
    {
        while (queue.TryDequeue(out int number))
        {
            await Task.Yield();
            yield return number;
        }
    }

    internal sealed record Order(int Id, string Name, IReadOnlyList<int> Items);

    internal sealed record Lines(IEnumerable<int> Items);

    private sealed class Pipe() : MemoryStream(Encoding.UTF8.GetBytes("from a pipe"))
    {
        public override bool CanSeek => false;
    }

    /// <summary>Content that an application wrote, which can be read once.</summary>
    private sealed class Custom(int length) : HttpContent
    {
        private int _left = length;

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync(new byte[_left]);
            _left = 0;
        }

        protected override bool TryComputeLength(out long length)
        {
            length = _left;
            return true;
        }
    }
}

[JsonSerializable(typeof(RequestContents.Order))]
[JsonSerializable(typeof(RequestContents.Lines))]
[JsonSerializable(typeof(IEnumerable<int>))]
[JsonSerializable(typeof(IAsyncEnumerable<int>))]
internal sealed partial class RequestContentsJson : JsonSerializerContext;
