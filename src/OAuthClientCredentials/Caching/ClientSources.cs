using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using OAuthClientCredentials.Configuration;
using OAuthClientCredentials.Resilience;

namespace OAuthClientCredentials.Caching;

/// <summary>One generation of a client: the sources of all requests made under one identity. A changed identity starts a new one.</summary>
internal sealed class ClientSources
{
    private readonly RequestToken _requestToken;
    private readonly ConcurrentDictionary<TokenRequest, TokenSource> _sources = new();
    private readonly object _gate = new();
    private ClientSettings _settings;
    private Rejection? _rejection;
    private bool _retired;

    public ClientSources(ClientSettings settings, RequestToken requestToken, TimeProvider timeProvider, ILogger logger)
    {
        _settings = settings;
        _requestToken = requestToken;
        Time = timeProvider;
        Logger = logger;
        Default = new(this, settings.DefaultRequest);
        _sources[settings.DefaultRequest] = Default;
    }

    public TimeProvider Time { get; }

    public ILogger Logger { get; }

    public ClientSettings Settings => Volatile.Read(ref _settings);

    public TokenSource Default { get; }

    /// <summary>The sources of requests other than the client's own.</summary>
    public IEnumerable<TokenSource> Extras => _sources.Select(entry => entry.Value).Where(source => source != Default).Distinct();

    public bool TryGet(TokenRequest request, out TokenSource? source) => _sources.TryGetValue(request, out source);

    /// <summary>The source of a request. However a request is spelled, what it comes to after the client's options has one source.</summary>
    public TokenSource Add(TokenRequest request)
    {
        TokenRequest resolved = Settings.Resolve(request);
        lock (_gate)
        {
            TokenSource source = _sources.GetOrAdd(resolved, static (resolved, self) => new TokenSource(self, resolved), this);
            _sources[request] = source;
            if (_retired)
            {
                _ = source.RetireAsync();
            }

            return source;
        }
    }

    public void DropRetired()
    {
        foreach (KeyValuePair<TokenRequest, TokenSource> entry in _sources.Where(entry => entry.Value.IsRetired))
        {
            _sources.TryRemove(entry);
        }
    }

    public async Task<AccessToken> RequestTokenAsync(TokenRequest request, long behindUntil, CancellationToken cancellationToken)
    {
        // a credential that was rejected for one request is not tried with all the others.
        if (Volatile.Read(ref _rejection) is { } known && known.Settings == Settings && Time.GetTimestamp() < known.Until)
        {
            throw known.Failure.Known(known.Until);
        }

        ClientSettings settings = Settings;
        try
        {
            return await _requestToken(() => Settings, request, behindUntil, cancellationToken).ConfigureAwait(false);
        }
        catch (TokenRequestException failure) when (failure.Error == "invalid_client")
        {
            Volatile.Write(ref _rejection, new(failure, settings, Time.GetTimestamp() + Ticks(Backoff.FirstAfterFatal)));
            throw;
        }
    }

    /// <summary>Takes over changed settings of the same identity.</summary>
    public void Update(ClientSettings settings)
    {
        bool sameCredential;
        lock (_gate)
        {
            sameCredential = settings.HasSameCredential(_settings);
            Volatile.Write(ref _settings, settings);
        }

        if (!sameCredential)
        {
            foreach (TokenSource source in _sources.Values)
            {
                source.MarkDue();
            }
        }
    }

    /// <summary>Ends this generation. The task ends with the last flight.</summary>
    public Task RetireAsync()
    {
        lock (_gate)
        {
            _retired = true;
            return Task.WhenAll([.. _sources.Values.Select(source => source.RetireAsync())]);
        }
    }

    private sealed record Rejection(TokenRequestException Failure, ClientSettings Settings, long Until);

    public long Ticks(TimeSpan span) => (long)(span.TotalSeconds * Time.TimestampFrequency);

    public TimeSpan Span(long ticks) => TimeSpan.FromSeconds((double)ticks / Time.TimestampFrequency);
}
