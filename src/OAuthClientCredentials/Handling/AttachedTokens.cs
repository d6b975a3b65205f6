using System.Net.Http.Headers;
using OAuthClientCredentials.Wire;

namespace OAuthClientCredentials.Handling;

/// <summary>Puts tokens on requests, and knows its own again. Thread-safe.</summary>
internal sealed class AttachedTokens
{
    private AccessToken? _latest;
    private AccessToken? _former;

    public void Attach(AccessToken token, HttpRequestMessage request)
    {
        if (!ReferenceEquals(Volatile.Read(ref _latest), token))
        {
            Volatile.Write(ref _former, _latest);
            Volatile.Write(ref _latest, token);
        }

        request.Headers.Authorization = token.AuthorizationHeader;
    }

    /// <summary>Whether a header is ours and not the caller's. A handler around us may have copied the request, and the copy's header is our token without our type.</summary>
    public bool IsOurs(AuthenticationHeaderValue? header) =>
        header is AccessTokenHeader || (header?.Parameter is { } value && (value == Volatile.Read(ref _latest)?.Value || value == Volatile.Read(ref _former)?.Value));

    /// <summary>Whether there is any header, also one that a caller set without validation and that the typed property does not show: a bare key, for instance.</summary>
    public static bool HasHeader(HttpRequestMessage request) => request.Headers.NonValidated.Contains("Authorization");

    public static void Strip(HttpRequestMessage request, bool isOurs)
    {
        if (isOurs)
        {
            request.Headers.Authorization = null;
        }
    }
}
