using System.Collections;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using OAuthClientCredentials.Diagnostics;

namespace OAuthClientCredentials.Handling;

/// <summary>Which content can be sent a second time, byte for byte .</summary>
internal static class ReplayableContent
{
    public const int MaxBufferedBytes = 1024 * 1024;

    public static bool IsReplayable(HttpContent? content) => content switch
    {
        null or ByteArrayContent or ReadOnlyMemoryContent => true,
        MultipartContent parts => parts.All(IsReplayable),
        JsonContent json => !IsLazy(json.Value),
        StreamContent stream => IsSeekable(stream),
        _ => false,
    };

    /// <summary>Whether content that cannot be sent again may be buffered, and so was if that was opted in.</summary>
    public static bool FitsBuffer(HttpContent content) => content.Headers.ContentLength is null or <= MaxBufferedBytes;

    public static Task BufferAsync(HttpContent content, CancellationToken cancellationToken)
    {
#pragma warning disable CA2016 // The overload that takes the token came after .NET 8, and content that ignores it would hold up the caller all the same.
        Task buffering = content.LoadIntoBufferAsync(MaxBufferedBytes);
#pragma warning restore CA2016
        buffering.ObserveFault();
        return buffering.WaitAsync(cancellationToken);
    }

    // A sequence that was enumerated once may be empty the second time, and the API would silently get [].
    private static bool IsLazy(object? value) =>
        value is IEnumerable and not (string or ICollection or IReadOnlyCollection<object> or JsonNode) || IsAsyncSequence(value);

    // IAsyncEnumerable<T> of a value type is no IAsyncEnumerable<object>; its iterators are IAsyncDisposable, which data is not.
    private static bool IsAsyncSequence(object? value) => value is IAsyncEnumerable<object> or IAsyncDisposable;

    private static bool IsSeekable(StreamContent content)
    {
        try
        {
            return content.ReadAsStream().CanSeek;
        }
        catch (Exception exception) when (exception is InvalidOperationException or IOException or NotSupportedException or ObjectDisposedException)
        {
            return false;
        }
    }
}
