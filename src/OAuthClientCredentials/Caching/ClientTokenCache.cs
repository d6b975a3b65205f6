using System.Collections.Concurrent;
using OAuthClientCredentials.Clients;
using OAuthClientCredentials.Diagnostics;
using OAuthClientCredentials.TokenEndpoint;

namespace OAuthClientCredentials.Caching;

/// <summary>The tokens of one client: a source for each request. A client whose identity changes gets a new one. Thread-safe.</summary>
internal sealed class ClientTokenCache
{
    private readonly SourceContext _context;

    // By what a request asks for once the client's options are filled in, and by requests as callers write them.
    private readonly ConcurrentDictionary<TokenRequest, TokenSource> _sources = new();
    private readonly ConcurrentDictionary<TokenRequest, TokenSource> _sourcesAsAsked = new();
    private readonly object _gate = new();
    private bool _retired;

    public ClientTokenCache(ClientSettings settings, FetchToken fetch, Clock clock, TokenEvents events)
    {
        _context = new(settings, fetch, clock, events);
        Default = new(_context, settings.DefaultRequest);
    }

    public ClientSettings Settings => _context.Settings;

    /// <summary>The source of the client's own request.</summary>
    public TokenSource Default { get; }

    /// <summary>The sources of all other requests.</summary>
    public ICollection<TokenSource> Others => _sources.Values;

    /// <summary>The source of a request, if it has been asked for before.</summary>
    public TokenSource? Find(TokenRequest request) =>
        _sourcesAsAsked.TryGetValue(request, out TokenSource? source) && !source.IsRetired ? source : null;

    /// <summary>
    /// The source of a request, new if there is none. Requests that come to the same after the client's options are filled in share one.
    /// </summary>
    public TokenSource GetOrAdd(TokenRequest request)
    {
        TokenRequest resolved = Settings.Resolve(request);
        lock (_gate)
        {
            TokenSource source = resolved.Equals(Default.Request) ? Default : GetOrAddResolved_NeedsLock(resolved);
            _sourcesAsAsked[request] = source;
            if (_retired)
            {
                _ = source.RetireAsync();
            }

            return source;
        }
    }

    /// <summary>Forgets the sources that were evicted.</summary>
    public void RemoveRetired()
    {
        lock (_gate)
        {
            RemoveRetired(_sources);
            RemoveRetired(_sourcesAsAsked);
        }
    }

    /// <summary>Takes over settings of the same identity. Those of another identity are refused: they need a new cache.</summary>
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

    /// <summary>Retires the client's own source if no source has a valid token or a request under way.</summary>
    public bool TryRetireIdle() => _sources.IsEmpty && Default.TryEvict(force: false);

    /// <summary>Retires all sources.</summary>
    /// <returns>A task that ends with the last flight.</returns>
    public Task RetireAsync()
    {
        lock (_gate)
        {
            _retired = true;
            return Task.WhenAll([Default.RetireAsync(), .. Others.Select(source => source.RetireAsync())]);
        }
    }

    private TokenSource GetOrAddResolved_NeedsLock(TokenRequest resolved)
    {
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
