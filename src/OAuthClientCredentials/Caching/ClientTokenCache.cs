using System.Collections.Concurrent;
using OAuthClientCredentials.Clients;
using OAuthClientCredentials.Diagnostics;
using OAuthClientCredentials.TokenEndpoint;

namespace OAuthClientCredentials.Caching;

/// <summary>
/// The tokens of one client, one source per token request. A client whose identity changes gets a new cache. Thread-safe.
/// </summary>
internal sealed class ClientTokenCache
{
    // A source that was not used for this long says nothing about the calls.
    private static readonly TimeSpan InUse = TimeSpan.FromMinutes(2);

    private readonly SourceContext _context;

    // By the request with the client's options filled in, and by the request as the caller wrote it.
    private readonly ConcurrentDictionary<TokenRequest, TokenSource> _sources = new();
    private readonly ConcurrentDictionary<TokenRequest, TokenSource> _sourcesByCallerRequest = new();
    private readonly object _gate = new();
    private bool _retired;

    public ClientTokenCache(ClientSettings settings, FetchToken fetch, Clock clock, TokenEvents events)
    {
        _context = new(settings, fetch, clock, events);
        Default = new(_context, settings.DefaultRequest);
    }

    public ClientSettings Settings => _context.Settings;

    /// <summary>The source of the client's default request.</summary>
    public TokenSource Default { get; }

    /// <summary>The sources of all other requests.</summary>
    public ICollection<TokenSource> Others => _sources.Values;

    /// <summary>The source of a request, if a caller used it before.</summary>
    public TokenSource? Find(TokenRequest request)
    {
        TokenSource? source = _sourcesByCallerRequest.GetValueOrDefault(request);
        return source?.IsRetired == false ? source : null;
    }

    /// <summary>
    /// The source of a request; a new one if there is none. Requests that are equal once the client's options are filled in share a source.
    /// </summary>
    public TokenSource GetOrAdd(TokenRequest request)
    {
        TokenRequest resolved = Settings.Resolve(request);
        lock (_gate)
        {
            TokenSource source = GetOrAddResolved_NeedsLock(resolved);
            _sourcesByCallerRequest[request] = source;
            if (_retired)
            {
                _ = source.RetireAsync();
            }

            return source;
        }
    }

    /// <summary>
    /// The status of the source that serves its callers worst, of those that are in use. If none is in use, that of the last one.
    /// </summary>
    public ClientStatus GetStatus()
    {
        Clock clock = _context.Clock;
        long inUseSince = clock.GetTimestamp() - clock.Ticks(InUse);
        TokenSource[] all = [Default, .. Others];
        TokenSource[] used = [.. all.Where(source => source.LastUsed >= inUseSince)];
        if (used.Length == 0)
        {
            return all.MaxBy(source => source.LastUsed)!.GetStatus();
        }

        ClientStatus[] statuses = [.. used.Select(source => source.GetStatus())];
        int worst = Array.IndexOf(statuses, statuses.MinBy(RankOf));
        return used[worst].GetStatus(otherCallsSucceed: Array.Exists(statuses, status => status.ExpiresAt is not null));
    }

    /// <summary>Removes the sources that were evicted.</summary>
    public void RemoveRetired()
    {
        lock (_gate)
        {
            RemoveRetired(_sources);
            RemoveRetired(_sourcesByCallerRequest);
        }
    }

    /// <summary>Applies settings with the same identity. Returns false for another identity, which needs a new cache.</summary>
    public bool TryApply(ClientSettings settings)
    {
        if (settings.Identity != Settings.Identity)
        {
            return false;
        }

        if (_context.TryReplaceSettings(settings))
        {
            Default.ApplySettings();
            foreach (TokenSource source in Others)
            {
                source.ApplySettings();
            }
        }

        return true;
    }

    /// <summary>Retires the default source if no source has a valid token or a request under way.</summary>
    public bool TryRetireIdle() => _sources.IsEmpty && Default.TryEvict(force: false);

    /// <summary>Removes all valid tokens and returns them.</summary>
    public (AccessToken Token, ClientSettings Settings)[] RemoveTokens() =>
        [.. Others.Prepend(Default).Select(source => source.RemoveToken()).OfType<(AccessToken, ClientSettings)>()];

    /// <summary>Retires all sources.</summary>
    /// <returns>A task that completes when the last flight has ended.</returns>
    public Task RetireAsync()
    {
        lock (_gate)
        {
            _retired = true;
            return Task.WhenAll([Default.RetireAsync(), .. Others.Select(source => source.RetireAsync())]);
        }
    }

    // The worst first: calls fail, renewals fail, the token is valid, nothing is known.
    private static int RankOf(ClientStatus status) => (status.ExpiresAt, status.LastError) switch
    {
        (null, not null) => 0,
        (not null, not null) => 1,
        (not null, null) => 2,
        _ => 3,
    };

    private TokenSource GetOrAddResolved_NeedsLock(TokenRequest resolved)
    {
        if (resolved.Equals(Default.Request))
        {
            return Default;
        }

        if (_sources.TryGetValue(resolved, out TokenSource? known) && !known.IsRetired)
        {
            return known;
        }

        return _sources[resolved] = new(_context, resolved);
    }

    private static void RemoveRetired(ConcurrentDictionary<TokenRequest, TokenSource> sources)
    {
        foreach (KeyValuePair<TokenRequest, TokenSource> entry in sources)
        {
            if (entry.Value.IsRetired)
            {
                sources.TryRemove(entry);
            }
        }
    }
}
