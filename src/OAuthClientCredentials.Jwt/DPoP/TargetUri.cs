using System.Globalization;

namespace OAuthClientCredentials.Jwt.DPoP;

/// <summary>The <c>htu</c> of a proof (RFC 9449 section 4.2): the address of a request as it is sent, without query and fragment.</summary>
internal static class TargetUri
{
    /// <returns>The address, or null if a proof must not be sent to it, because it is neither https nor loopback .</returns>
    /// <param name="uri">The address of the connection.</param>
    /// <param name="hostHeader">The <c>Host</c> header, if it is set. The server knows itself under it.</param>
    public static string? Of(Uri uri, string? hostHeader = null)
    {
        bool isTls = uri.Scheme is "https" or "wss";
        if (!isTls && !(uri.Scheme is "http" or "ws" && uri.IsLoopback))
        {
            return null;
        }

        string path = uri.AbsolutePath;
        if (!string.IsNullOrEmpty(hostHeader) && Uri.TryCreate($"{uri.Scheme}://{hostHeader}", UriKind.Absolute, out Uri? named))
        {
            uri = named;
        }

        // Uri.ToString() unescapes the path, and GetLeftPart keeps the user info and a Unicode host.
        string scheme = isTls ? Uri.UriSchemeHttps : Uri.UriSchemeHttp;
        string host = uri.HostNameType == UriHostNameType.IPv6 ? uri.Host : uri.IdnHost;
        if (uri.IsDefaultPort)
        {
            return $"{scheme}://{host}{path}";
        }

        return string.Create(CultureInfo.InvariantCulture, $"{scheme}://{host}:{uri.Port}{path}");
    }
}
