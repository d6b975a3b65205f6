using System.Net.Http.Json;
using OAuthClientCredentials.Resilience;

namespace OAuthClientCredentials.Api;

/// <summary>Decides which requests can be sent a second time with the same bytes .</summary>
internal static class ReplayableContent
{
    public const int MaxBufferedBytes = 1024 * 1024;

    public static bool MayBeReplayed(HttpRequestMessage request, AccessTokenHandlerOptions options) =>
        (options.ReplayNonIdempotentMethods || IsIdempotent(request.Method))
        && (IsReplayable(request.Content) || (options.BufferRequestContent && FitsBuffer(request.Content!)));

    public static bool IsReplayable(HttpContent? content) => content switch
    {
        null or ByteArrayContent or ReadOnlyMemoryContent => true,
        MultipartContent parts => parts.All(IsReplayable),
        JsonContent json => ReplayableJson.IsReplayable(json.Value),
        StreamContent stream => IsSeekable(stream),
        _ => false,
    };

    /// <summary>Whether content is small enough to be buffered. If BufferRequestContent is set, such content was buffered.</summary>
    public static bool FitsBuffer(HttpContent content) => content.Headers.ContentLength is null or <= MaxBufferedBytes;

    /// <summary>Buffers content that cannot be replayed, and JSON, which would otherwise be serialized again for each send.</summary>
    public static async ValueTask BufferAsync(HttpContent? content, CancellationToken cancellationToken)
    {
        if (content is null || (content is not JsonContent && IsReplayable(content)) || !FitsBuffer(content))
        {
            return;
        }

#pragma warning disable CA2016 // .NET 8 has no overload with a cancellation token, and content may ignore the token.
        Task buffering = content.LoadIntoBufferAsync(MaxBufferedBytes);
#pragma warning restore CA2016
        buffering.ObserveFault();
        await buffering.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    // RFC 9110 section 9.2.2
    private static bool IsIdempotent(HttpMethod method) => method.Method is "GET" or "HEAD" or "OPTIONS" or "TRACE" or "PUT" or "DELETE";

    private static bool IsSeekable(StreamContent content)
    {
        try
        {
            return content.ReadAsStream().CanSeek;
        }
        catch (Exception exception) when (exception is InvalidOperationException or IOException or NotSupportedException)
        {
            return false;
        }
    }
}
