using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using OAuthClientCredentials.Caching;
using OAuthClientCredentials.Clients;
using OAuthClientCredentials.Diagnostics;
using OAuthClientCredentials.TokenEndpoint;
using OAuthClientCredentials.Transport;

namespace OAuthClientCredentials;

/// <summary>Caches access tokens, and renews them. Thread-safe. A cached token takes no lock, no await and no allocation.</summary>
public sealed partial class TokenProvider : ITokenProvider, IAsyncDisposable, IDisposable
{
    private const int MaxSources = 10_000;

    // By the registered name of the client.
    private readonly ConcurrentDictionary<string, ClientTokenCache> _caches = new(StringComparer.Ordinal);
    private readonly object _gate = new();
    private readonly ClientSettingsProvider _settings;
    private readonly FetchToken _fetch;
    private readonly RevokeToken _revoke;
    private readonly Clock _clock;
    private readonly IDisposable[] _owned;
    private readonly Eviction _eviction;
    private int _changes;
    private bool _disposed;

    internal TokenProvider(
        ClientSettingsProvider settingsProvider,
        FetchToken fetch,
        RevokeToken revoke,
        TimeProvider timeProvider,
        ILogger logger,
        Telemetry telemetry,
        IDisposable[]? owned = null,
        int maxSources = MaxSources)
    {
        _settings = settingsProvider;
        _fetch = fetch;
        _revoke = revoke;
        _clock = new(timeProvider);
        Events = new(logger, telemetry);
        _owned = owned ?? [];
        _eviction = new(_clock, maxSources);
        settingsProvider.Changed += Reload;
        Events.Observe(() => ClientReadings.Of(_caches.Values, _clock));
    }

    /// <summary>
    /// Creates a provider for one client, without dependency injection. Keep it as a singleton and dispose it at the end.
    /// </summary>
    /// <param name="configure">Configures the client, which is the default client.</param>
    /// <param name="handler">Sends the token requests. A SocketsHttpHandler or HttpClientHandler, also in a DelegatingHandler, is copied
    /// without redirects. It is not disposed. Defaults to a handler that shows the client certificate of the options.</param>
    /// <param name="timeProvider">The clock. Defaults to the system clock. With a test clock <c>MaxRetries</c> is 0.</param>
    /// <param name="loggerFactory">Creates the logger. Defaults to no logging.</param>
    /// <returns>The provider.</returns>
    /// <exception cref="OptionsValidationException">The options are not valid, or do not fit your handler.</exception>
    /// <exception cref="InvalidOperationException">Your handler may follow redirects, and cannot be copied.</exception>
    public static TokenProvider Create(
        Action<ClientCredentialsOptions> configure,
        HttpMessageHandler? handler = null,
        TimeProvider? timeProvider = null,
        ILoggerFactory? loggerFactory = null)
    {
        ArgumentNullException.ThrowIfNull(configure);
        timeProvider ??= TimeProvider.System;
        ILogger logger = (loggerFactory ?? NullLoggerFactory.Instance).CreateLogger<TokenProvider>();
        ClientSettingsProvider settingsProvider = FixedOptions.CreateSettings(configure, handler, timeProvider, logger);
        TokenTransports transports = new(handler, TokenClient.HttpClientName, logger);
        Telemetry telemetry = new(meterFactory: null);
        TokenClient client = new(settingsProvider, transports.For, timeProvider, logger, telemetry);
        return new(settingsProvider, client.RequestAsync, client.RevokeAsync, timeProvider, logger, telemetry, [transports, telemetry]);
    }

    /// <inheritdoc/>
    public ValueTask<AccessToken> GetTokenAsync(
        string clientName = "",
        TokenRequest? request = null,
        CancellationToken cancellationToken = default)
    {
        TokenSource source = GetSource(clientName, request);
        return source.TryGet() is { } token ? new(token) : WaitAsync(source, null, clientName, request, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<AccessToken> GetTokenAsync(string clientName, CancellationToken cancellationToken) =>
        GetTokenAsync(clientName, null, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<AccessToken> RenewTokenAsync(
        AccessToken rejected,
        string clientName = "",
        TokenRequest? request = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(rejected);
        return WaitAsync(GetSource(clientName, request), rejected, clientName, request, cancellationToken);
    }

    /// <inheritdoc/>
    public void Forget(string clientName)
    {
        ArgumentNullException.ThrowIfNull(clientName);
        ObjectDisposedException.ThrowIf(_disposed, this);
        string name = _settings.Resolve(clientName);
        _settings.Forget(name);
        Retire(name, only: null);
    }

    /// <summary>Revokes the cached token at the authorization server (RFC 7009). Without a cached token, nothing is sent.</summary>
    /// <remarks>
    /// The token is removed first, so that later calls request a new one even if the revocation fails. The request is authenticated,
    /// limited in time and retried like a token request. Other instances with the same shared
    /// token cache use the revoked token until an API rejects it.
    /// </remarks>
    /// <param name="clientName">The registered name of the client; empty for the default client.</param>
    /// <param name="request">The request that the token was obtained with. Defaults to the client's options.</param>
    /// <param name="cancellationToken">Cancels the revocation. The token stays removed.</param>
    /// <returns>A task that completes when the server has accepted the revocation, also of a token that it does not know.</returns>
    /// <exception cref="TokenRequestException">The token was not revoked. If the server does not revoke access tokens, the
    /// <see cref="TokenRequestException.Error"/> is <c>unsupported_token_type</c>.</exception>
    /// <exception cref="OptionsValidationException">The client's options are not valid, or there is no such client.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public async Task RevokeAsync(
        string clientName = "",
        TokenRequest? request = null,
        CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (GetSource(clientName, request).RemoveToken() is { } removed)
        {
            await _revoke(removed.Settings, removed.Token, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Returns the state of a client's token. It requests nothing.</summary>
    /// <remarks>If calls use several token requests, it is the worst of those that were used in the last two minutes.</remarks>
    /// <param name="clientName">The registered name of the client; empty for the default client.</param>
    /// <returns>The status.</returns>
    /// <exception cref="OptionsValidationException">The client's options are not valid, or there is no such client.</exception>
    public ClientStatus GetStatus(string clientName = "") => GetCache(clientName).GetStatus();

    internal TokenEvents Events { get; }

    internal ClientSettings GetSettings(string clientName) => GetCache(clientName).Settings;

    /// <summary>Like a call, but its wait is not measured. Returns false if a reload came between, and the caller must ask again.</summary>
    internal async Task<bool> TryWarmAsync(string clientName, CancellationToken cancellationToken) =>
        await GetSource(clientName, null).GetAsync(null, null, cancellationToken).ConfigureAwait(false) is not null;

    internal TokenSource GetSource(string clientName, TokenRequest? request)
    {
        ClientTokenCache cache = GetCache(clientName);
        return request is null ? cache.Default : cache.Find(request) ?? AddSource(cache, request);
    }

    private ClientTokenCache GetCache(string clientName)
    {
        ArgumentNullException.ThrowIfNull(clientName);
        if (_caches.TryGetValue(clientName, out ClientTokenCache? cache))
        {
            return cache;
        }

        string name = _settings.Resolve(clientName);
        return _caches.TryGetValue(name, out cache) ? cache : AddCache(name);
    }

    // If the source was retired meanwhile, its successor is asked.
    private async ValueTask<AccessToken> WaitAsync(
        TokenSource source,
        AccessToken? rejected,
        string clientName,
        TokenRequest? request,
        CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        SweepIfDue();
        using TokenWait wait = source.CreateWait();
        while (true)
        {
            if (await source.GetAsync(rejected, wait, cancellationToken).ConfigureAwait(false) is { } token)
            {
                return token;
            }

            source = GetSource(clientName, request);
        }
    }

    // Options are read outside the lock, because this runs user code. Settings that were read before a reload are not published after it.
    private ClientTokenCache AddCache(string name)
    {
        while (true)
        {
            ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed), this);
            int changes = Volatile.Read(ref _changes);
            ClientSettings settings = _settings.Get(name);
            lock (_gate)
            {
                ObjectDisposedException.ThrowIf(_disposed, this);
                if (changes == _changes)
                {
                    return _caches.GetOrAdd(name, _ => new ClientTokenCache(settings, _fetch, _clock, Events));
                }
            }
        }
    }

    private TokenSource AddSource(ClientTokenCache cache, TokenRequest request)
    {
        if (_eviction.CountOneMore())
        {
            _eviction.Evict([.. _caches.Values]);
        }

        return cache.GetOrAdd(request);
    }

    // Removes idle sources, and idle clients that are known at run time only, for instance tenants.
    private void SweepIfDue()
    {
        if (!_eviction.IsSweepDue())
        {
            return;
        }

        _eviction.Sweep([.. _caches.Values]);
        foreach ((string name, ClientTokenCache cache) in _caches)
        {
            if (_settings.IsKnownAtRunTimeOnly(name) && cache.TryRetireIdle())
            {
                _settings.Forget(name);
                Retire(name, cache);
            }
        }
    }

    private void Reload()
    {
        lock (_gate)
        {
            _changes++;
        }

        foreach ((string name, ClientTokenCache cache) in _caches)
        {
            try
            {
                Reload(name, cache);
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                // The client was forgotten meanwhile, which retired it.
            }
        }
    }

    // Another reload may happen while the settings are applied, so they are read until they stay the same.
    private void Reload(string name, ClientTokenCache cache)
    {
        for (ClientSettings settings = _settings.Get(name); cache.Settings != settings; settings = _settings.Get(name))
        {
            if (!cache.TryApply(settings))
            {
                Retire(name, cache);
                return;
            }
        }
    }

    private void Retire(string name, ClientTokenCache? only)
    {
        lock (_gate)
        {
            _changes++;
            if (_caches.TryGetValue(name, out ClientTokenCache? cache) && (only is null || cache == only))
            {
                _caches.TryRemove(name, out _);
                _ = cache.RetireAsync();
            }
        }
    }
}
