using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using OAuthClientCredentials.Caching;
using OAuthClientCredentials.Clients;
using OAuthClientCredentials.Diagnostics;
using OAuthClientCredentials.Resilience;
using OAuthClientCredentials.TokenEndpoint;
using OAuthClientCredentials.Transport;

namespace OAuthClientCredentials;

/// <summary>The cache of access tokens, by client and request. A cached token costs no lock, await or allocation. Thread-safe.</summary>
public sealed class TokenProvider : ITokenProvider, IAsyncDisposable, IDisposable
{
    private const int MaxSources = 10_000;

    private static readonly TimeSpan DisposeLimit = TimeSpan.FromSeconds(5);

    // By the name that the client is registered under.
    private readonly ConcurrentDictionary<string, ClientTokenCache> _clients = new(StringComparer.Ordinal);
    private readonly object _gate = new();
    private readonly ClientSettingsProvider _registry;
    private readonly FetchToken _fetch;
    private readonly Clock _clock;
    private readonly TokenEvents _events;
    private readonly IDisposable? _owned;
    private readonly Eviction _eviction;
    private int _reloads;
    private bool _disposed;

    internal TokenProvider(
        ClientSettingsProvider registry,
        FetchToken fetch,
        TimeProvider timeProvider,
        ILogger logger,
        IDisposable? owned = null,
        int maxSources = MaxSources)
    {
        _registry = registry;
        _fetch = fetch;
        _clock = new(timeProvider);
        _events = new(logger);
        _owned = owned;
        _eviction = new(_clock, maxSources);
        registry.Changed += Reload;
    }

    /// <summary>Creates a provider of one client without dependency injection. Keep it, and dispose it at the end.</summary>
    /// <param name="configure">Describes the client, which is the default one.</param>
    /// <param name="handler">Sends the token requests; not disposed. Defaults to one that follows no redirects. If you pass your own
    /// handler, configure the client certificate on it.</param>
    /// <param name="timeProvider">The clock. Defaults to the system's.</param>
    /// <param name="loggerFactory">Creates the logger. Defaults to none.</param>
    /// <returns>The provider.</returns>
    /// <exception cref="OptionsValidationException">The options are not valid.</exception>
    public static TokenProvider Create(
        Action<ClientCredentialsOptions> configure,
        HttpMessageHandler? handler = null,
        TimeProvider? timeProvider = null,
        ILoggerFactory? loggerFactory = null)
    {
        ArgumentNullException.ThrowIfNull(configure);
        ConfiguredClients directory = new([new(Options.DefaultName, null)], null);
        ClientCredentialsOptions options = new();
        configure(options);
        ValidateOptionsResult validation = new ClientCredentialsOptionsValidator(directory).Validate(Options.DefaultName, options);
        if (validation.Failed)
        {
            throw new OptionsValidationException(Options.DefaultName, typeof(ClientCredentialsOptions), validation.Failures);
        }

        timeProvider ??= TimeProvider.System;
        ILogger logger = (loggerFactory ?? NullLoggerFactory.Instance).CreateLogger<TokenProvider>();
        TokenTransport.Harden(handler, TokenClient.HttpClientName, logger);
        TokenTransports transports = new(handler);
        ClientSettingsProvider registry = new(new FixedOptions(options), null, directory, timeProvider, logger);
        TokenClient client = new(registry, transports.For, timeProvider, logger);
        return new(registry, client.RequestAsync, timeProvider, logger, transports);
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
        string name = _registry.Resolve(clientName);
        _registry.Forget(name);
        Retire(name, only: null);
    }

    /// <summary>What is known of a client's own token now. It requests nothing.</summary>
    /// <param name="clientName">The registered name of the client; empty for the default client.</param>
    /// <returns>The status.</returns>
    /// <exception cref="OptionsValidationException">The client's options are not valid, or there is no such client.</exception>
    public ClientStatus GetStatus(string clientName = "") => GetSource(clientName, null).GetStatus();

    /// <summary>
    /// Cancels all token requests under way and waits for them, at most 5 seconds. Later calls throw <see cref="ObjectDisposedException"/>.
    /// </summary>
    /// <returns>A task that completes when nothing runs any more.</returns>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await EndAsync().WaitAsync(DisposeLimit, _clock.TimeProvider).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // Your code that ignores its cancellation token does not hold up the shutdown of the host.
        }

        DisposeOwned();
    }

    /// <summary>As <see cref="DisposeAsync"/>, but cancels the token requests without waiting for them.</summary>
    public void Dispose()
    {
        EndAsync().ObserveFault();
        DisposeOwned();
    }

    /// <summary>The client's last valid settings.</summary>
    internal ClientSettings GetSettings(string clientName) => GetClient(clientName).Settings;

    internal TokenSource GetSource(string clientName, TokenRequest? request)
    {
        ArgumentNullException.ThrowIfNull(clientName);
        ClientTokenCache client = GetClient(clientName);
        return request is null ? client.Default : client.Find(request) ?? AddSource(client, request);
    }

    private ClientTokenCache GetClient(string clientName)
    {
        if (_clients.TryGetValue(clientName, out ClientTokenCache? client))
        {
            return client;
        }

        string name = _registry.Resolve(clientName);
        return _clients.TryGetValue(name, out client) ? client : AddClient(name);
    }

    // A retired source has no token: its successor is asked.
    private async ValueTask<AccessToken> WaitAsync(
        TokenSource source,
        AccessToken? rejected,
        string clientName,
        TokenRequest? request,
        CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        SweepIfDue();
        while (true)
        {
            if (await source.GetAsync(rejected, cancellationToken).ConfigureAwait(false) is { } token)
            {
                return token;
            }

            source = GetSource(clientName, request);
        }
    }

    // Options are read outside the lock, because that runs your code. What was read before a reload is not published after it.
    private ClientTokenCache AddClient(string name)
    {
        while (true)
        {
            ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed), this);
            int reloads = Volatile.Read(ref _reloads);
            ClientSettings settings = _registry.Get(name);
            lock (_gate)
            {
                ObjectDisposedException.ThrowIf(_disposed, this);
                if (reloads == _reloads)
                {
                    return _clients.GetOrAdd(name, _ => new ClientTokenCache(settings, _fetch, _clock, _events));
                }
            }
        }
    }

    private TokenSource AddSource(ClientTokenCache client, TokenRequest request)
    {
        if (_eviction.CountOneMore())
        {
            _eviction.Evict([.. _clients.Values]);
        }

        return client.GetOrAdd(request);
    }

    // Sources without a valid token go, and so does a client that is known at run time only, a tenant for instance.
    private void SweepIfDue()
    {
        if (!_eviction.IsSweepDue())
        {
            return;
        }

        _eviction.Sweep([.. _clients.Values]);
        foreach ((string name, ClientTokenCache client) in _clients)
        {
            if (_registry.IsKnownAtRunTimeOnly(name) && client.TryRetireIdle())
            {
                _registry.Forget(name);
                Retire(name, client);
            }
        }
    }

    private Task EndAsync()
    {
        lock (_gate)
        {
            _disposed = true;
            _registry.Changed -= Reload;
            Task ended = Task.WhenAll([.. _clients.Values.Select(client => client.RetireAsync())]);
            _clients.Clear();
            return ended;
        }
    }

    // Disposing cancels what is still under way, and a handler may block then.
    private void DisposeOwned() => Task.Run(() => _owned?.Dispose()).ObserveFault();

    private void Reload()
    {
        lock (_gate)
        {
            _reloads++;
        }

        foreach ((string name, ClientTokenCache client) in _clients)
        {
            try
            {
                Reload(name, client);
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                // The client was forgotten meanwhile, which retired it.
            }
        }
    }

    // Another reload may come while the settings are applied: they are read until they stay the same.
    private void Reload(string name, ClientTokenCache client)
    {
        ClientSettings settings = _registry.Get(name);
        while (client.Settings != settings)
        {
            if (!client.TryApply(settings))
            {
                Retire(name, client);
                return;
            }

            settings = _registry.Get(name);
        }
    }

    private void Retire(string name, ClientTokenCache? only)
    {
        lock (_gate)
        {
            _reloads++;
            if (_clients.TryGetValue(name, out ClientTokenCache? client) && (only is null || client == only))
            {
                _clients.TryRemove(name, out _);
                _ = client.RetireAsync();
            }
        }
    }
}
