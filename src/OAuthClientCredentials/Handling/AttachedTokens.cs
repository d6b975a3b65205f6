using System.Collections.Concurrent;
using System.Net.Http.Headers;
using OAuthClientCredentials.Wire;

namespace OAuthClientCredentials.Handling;

/// <summary>Puts tokens on requests, and knows its own again. One for all handlers of a registration, for the factory makes new ones every two minutes. Thread-safe.</summary>
internal sealed class AttachedTokens
{
    private const int MostRemembered = 4096;

    private readonly ConcurrentDictionary<long, bool> _fingerprints = new();
    private readonly ConcurrentQueue<long> _oldestFirst = new();
    private AccessToken? _latest;

    public void Attach(AccessToken token, HttpRequestMessage request)
    {
        if (!ReferenceEquals(Volatile.Read(ref _latest), token))
        {
            Volatile.Write(ref _latest, token);
            Remember(token.Fingerprint);
        }

        request.Headers.Authorization = token.AuthorizationHeader;
    }

    /// <summary>Whether a header is ours and not the caller's. A handler around us may have copied the request, and the copy's header is our token without our type.</summary>
    public bool IsOurs(AuthenticationHeaderValue? header) =>
        header is AccessTokenHeader || (header?.Parameter is { } value && _fingerprints.ContainsKey(AccessToken.FingerprintOf(value)));

    /// <summary>Whether there is any header, also one that a caller set without validation and that the typed property does not show: a bare key, for instance.</summary>
    public static bool HasHeader(HttpRequestMessage request) => request.Headers.NonValidated is { Count: > 0 } headers && headers.Contains("Authorization");

    /// <summary>Whether the request still goes where a token was first attached for: a handler around us may have sent it on, and where any origin is allowed only the request knows .</summary>
    public static bool IsStillAtItsOrigin(HttpRequestMessage request)
    {
        bool isStill = RequestChoice.FirstAddress(request) is not { } first || !Sent.HasLeft(request, first);
        Strip(request, !isStill);
        return isStill;
    }

    public static void Strip(HttpRequestMessage request, bool isOurs)
    {
        if (isOurs)
        {
            request.Headers.Authorization = null;
        }
    }

    // also one that has expired since is ours.
    private void Remember(long fingerprint)
    {
        if (!_fingerprints.TryAdd(fingerprint, true))
        {
            return;
        }

        _oldestFirst.Enqueue(fingerprint);
        if (_oldestFirst.Count > MostRemembered && _oldestFirst.TryDequeue(out long oldest))
        {
            _fingerprints.TryRemove(oldest, out _);
        }
    }
}
