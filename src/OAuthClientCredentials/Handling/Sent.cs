namespace OAuthClientCredentials.Handling;

/// <summary>A request as it was first sent. If a redirect changed any of it, sending it again would not be the same request .</summary>
internal readonly struct Sent(HttpRequestMessage request, AccessToken token)
{
    private readonly HttpMethod _method = request.Method;
    private readonly HttpContent? _content = request.Content;
    private readonly Version _version = request.Version;

    public Uri Uri { get; } = request.RequestUri!;

    public AccessToken Token { get; } = token;

    public bool MayBeReplayed(HttpRequestMessage request, AccessTokenHandlerOptions options) =>
        request.RequestUri == Uri
        && request.Method == _method
        && ReferenceEquals(request.Content, _content)
        && request.Version == _version
        && (options.ReplayNonIdempotentMethods || IsIdempotent(_method))
        && (ReplayableContent.IsReplayable(_content) || (options.BufferRequestContent && ReplayableContent.FitsBuffer(_content!)));

    // RFC 9110 section 9.2.2
    private static bool IsIdempotent(HttpMethod method) => method.Method is "GET" or "HEAD" or "OPTIONS" or "TRACE" or "PUT" or "DELETE";
}
