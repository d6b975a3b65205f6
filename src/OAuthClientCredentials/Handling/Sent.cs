namespace OAuthClientCredentials.Handling;

/// <summary>A request as it was first sent. If a redirect changed any of it, sending it again would not be the same request .</summary>
/// <remarks>Every pending response carries this. The version stands apart as a number, for which the state machine around has room left .</remarks>
internal readonly struct Sent(HttpRequestMessage request)
{
    private readonly HttpMethod _method = request.Method;
    private readonly HttpContent? _content = request.Content;

    public Uri Uri { get; } = request.RequestUri!;

    public static int VersionOf(HttpRequestMessage request) => (request.Version.Major << 16) | request.Version.Minor;

    // The platform follows a redirect by changing the caller's own request, which a retry around us would then bring by again.
    public static bool HasLeft(HttpRequestMessage request, Uri uri) =>
        !ReferenceEquals(request.RequestUri, uri) && (request.RequestUri is not { IsAbsoluteUri: true } now || !new Origin(uri).Matches(now));

    public bool MayBeReplayed(HttpRequestMessage request, int version, AccessTokenHandlerOptions options) =>
        request.RequestUri == Uri
        && request.Method == _method
        && ReferenceEquals(request.Content, _content)
        && VersionOf(request) == version
        && (options.ReplayNonIdempotentMethods || IsIdempotent(_method))
        && (ReplayableContent.IsReplayable(_content) || (options.BufferRequestContent && ReplayableContent.FitsBuffer(_content!)));

    // RFC 9110 section 9.2.2
    private static bool IsIdempotent(HttpMethod method) => method.Method is "GET" or "HEAD" or "OPTIONS" or "TRACE" or "PUT" or "DELETE";
}
