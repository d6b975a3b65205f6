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
            TokenSource source = _sources.TryGetValue(resolved, out TokenSource? known) && !known.IsRetired ? known : new(this, resolved);
            _sources[resolved] = source;
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
        lock (_gate)
        {
            foreach (KeyValuePair<TokenRequest, TokenSource> entry in _sources.Where(entry => entry.Value.IsRetired))
            {
                _sources.TryRemove(entry);
            }
        }
    }

    public async Task<AccessToken> RequestTokenAsync(TokenRequest request, Flight flight)
    {
        // One that was served before may ask once whether it is the credential at all.
        bool isProbe = flight.Reason != FlightReason.Cold && Volatile.Read(ref _rejection)?.TryProbe() == true;
        try
        {
            AccessToken token = await _requestToken(() => SettingsToTry(isProbe), request, flight.BehindUntil, flight.CancellationToken).ConfigureAwait(false);
            EndRejection();
            return token;
        }
        catch (TokenRequestException failure) when (failure is { IsRejectedCredential: true, KnownUntil: null } && flight.Settings.HasSameOptions(Settings))
        {
            Remember(failure, isProbe);
            throw;
        }
    }

    /// <summary>Takes over the present settings, unless they are of another identity.</summary>
    public bool TryUpdate(Func<ClientSettings> present)
    {
        // They are read outside of any lock, for that runs the application's code; so they are compared again after they were applied.
        ClientSettings settings = present();
        for (int round = 0; round < 3 && !ReferenceEquals(settings, Settings); round++)
        {
            if (settings.Identity != Settings.Identity)
            {
                return false;
            }

            Update(settings);
            settings = present();
        }

        return true;
    }

    private void Update(ClientSettings settings)
    {
        bool isChange;
        lock (_gate)
        {
            isChange = !settings.HasSameOptions(_settings);
            _rejection = isChange ? null : _rejection;
            Volatile.Write(ref _settings, settings);
        }

        if (isChange)
        {
            foreach (TokenSource source in _sources.Values)
            {
                source.TakeOverChange();
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

    public long Ticks(TimeSpan span) => (long)(span.TotalSeconds * Time.TimestampFrequency);

    public TimeSpan Span(long ticks) => TimeSpan.FromSeconds((double)ticks / Time.TimestampFrequency);

    // a credential that was rejected for one request is not tried with all the others.
    private ClientSettings SettingsToTry(bool isProbe) =>
        !isProbe && Volatile.Read(ref _rejection) is { } known && Time.GetTimestamp() < known.Until ? throw known.Failure.Known(known.Until) : Settings;

    // Requests that were under way together are rejected together, and that counts once.
    private void Remember(TokenRequestException failure, bool isProbe)
    {
        lock (_gate)
        {
            long now = Time.GetTimestamp();
            if (isProbe || !(now < _rejection?.Until))
            {
                int count = (_rejection?.Count ?? 0) + 1;
                _rejection = new(failure, count, now + Ticks(Backoff.AfterFatal(count)), mayBeProbed: !isProbe);
            }
        }
    }

    // The credential was accepted: whom its rejection held back may ask.
    private void EndRejection()
    {
        if (Interlocked.Exchange(ref _rejection, null) is not null)
        {
            foreach (TokenSource source in _sources.Values)
            {
                source.EndKnownFailure();
            }
        }
    }

    private sealed class Rejection(TokenRequestException failure, int count, long until, bool mayBeProbed)
    {
        private int _probes = mayBeProbed ? 1 : 0;

        public TokenRequestException Failure => failure;

        public int Count => count;

        public long Until => until;

        public bool TryProbe() => Interlocked.Exchange(ref _probes, 0) == 1;
    }
}
