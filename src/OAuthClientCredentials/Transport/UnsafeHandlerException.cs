namespace OAuthClientCredentials.Transport;

/// <summary>The primary handler of the token HttpClient may follow redirects, and the library cannot change this .</summary>
#pragma warning disable CA1032 // Only this library creates it, and always with the type of the handler.
internal sealed class UnsafeHandlerException(string handlerType) : InvalidOperationException(
    $"The primary handler of the token HttpClient is a {handlerType}, which has redirects, cookies or decompression turned on. "
    + "It cannot be copied, and it is not changed, because other HttpClients may share it. Use a SocketsHttpHandler or an "
    + "HttpClientHandler itself. Or set AllowAutoRedirect and UseCookies to false and AutomaticDecompression to None where the handler is "
    + "created.");
#pragma warning restore CA1032
