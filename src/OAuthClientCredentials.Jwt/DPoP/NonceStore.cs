using System.Buffers;
using System.Net.Http.Headers;

namespace OAuthClientCredentials.Jwt.DPoP;

/// <summary>
/// The last nonce of each origin (RFC 9449 section 8.2). Beyond 100 origins, the one that was not used for the longest time is removed
/// . Thread-safe.
/// </summary>
internal sealed class NonceStore
{
    public const string HeaderName = "DPoP-Nonce";

    private const int MaxOrigins = 100;
    private const int MaxLength = 1024;

    // NQCHAR of RFC 6749 appendix A.
    private static readonly SearchValues<char> NonceCharacters = SearchValues.Create(
        [.. Enumerable.Range('!', '~' - '!' + 1).Select(character => (char)character).Where(character => character is not ('"' or '\\'))]);

    private readonly Dictionary<(string Scheme, string Host, int Port), Entry> _entries = [];
    private readonly object _gate = new();
    private long _uses;

    public string? Find(Uri uri)
    {
        lock (_gate)
        {
            if (!_entries.TryGetValue(OriginOf(uri), out Entry? entry))
            {
                return null;
            }

            entry.LastUse = ++_uses;
            return entry.Nonce;
        }
    }

    /// <summary>Stores the nonce of a response.</summary>
    /// <returns>Whether the response has a valid nonce.</returns>
    public bool TryStore(Uri uri, HttpResponseHeaders headers) =>
        headers.NonValidated.TryGetValues(HeaderName, out HeaderStringValues values)
        && values.Count == 1
        && TryStore(uri, values.ToString());

    /// <returns>Whether the nonce is valid.</returns>
    public bool TryStore(Uri uri, string nonce)
    {
        if (nonce.Length is 0 or > MaxLength || nonce.AsSpan().ContainsAnyExcept(NonceCharacters))
        {
            return false;
        }

        lock (_gate)
        {
            _entries[OriginOf(uri)] = new(nonce) { LastUse = ++_uses };
            if (_entries.Count > MaxOrigins)
            {
                _entries.Remove(_entries.MinBy(entry => entry.Value.LastUse).Key);
            }
        }

        return true;
    }

    private static (string Scheme, string Host, int Port) OriginOf(Uri uri) => (uri.Scheme, uri.IdnHost, uri.Port);

    private sealed class Entry(string nonce)
    {
        public string Nonce => nonce;

        public long LastUse { get; set; }
    }
}
