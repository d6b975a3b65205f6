using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using OAuthClientCredentials.Caching;
using OAuthClientCredentials.Configuration;
using OAuthClientCredentials.Diagnostics;
using OAuthClientCredentials.Wire;

namespace OAuthClientCredentials;

/// <summary>The cache of access tokens: one source for each client and request. A cached token costs no lock, no await and no allocation. Thread-safe.</summary>
public sealed class TokenProvider : ITokenProvider, IAsyncDisposable, IDisposable
{
    //
    private const int MaxSources = 10_000;

    private static readonly TimeSpan DisposeLimit = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, ClientSources> _clients = new(StringComparer.Ordinal);
    private readonly object _gate = new();
    private readonly ClientRegistry _registry;
    private readonly RequestToken _requestToken;
    private readonly TimeProvider _timeProvider;
    private readonly ILogger _logger;
    private readonly IDisposable? _owned;
    private readonly Eviction _eviction;
    private int _reloads;
    private bool _disposed;

    internal TokenProvider(ClientRegistry registry, RequestToken requestToken, TimeProvider timeProvider, ILogger logger, IDisposable? owned = null, int maxSources = MaxSources)
    {
        _registry = registry;
        _requestToken = requestToken;
        _timeProvider = timeProvider;
        _logger = logger;
        _owned = owned;
        _eviction = new(timeProvider, maxSources);
        registry.Changed += Reload;
    }

    /// <summary>Makes a provider of one client without dependency injection. Keep it for the life of the process, and dispose it.</summary>
    /// <param name="configure">Describes the client, which is the default one.</param>
    /// <param name="handler">Sends the token requests; not disposed. Defaults to one of its own that follows no redirects. A client certificate is then the handler's own to show.</param>
    /// <param name="timeProvider">The clock. Defaults to the system's.</param>
    /// <param name="loggerFactory">Where to log. Defaults to nowhere.</param>
    /// <returns>The provider.</returns>
    /// <exception cref="OptionsValidationException">The options are not valid.</exception>
    public static TokenProvider Create(Action<ClientCredentialsOptions> configure, HttpMessageHandler? handler = null, TimeProvider? timeProvider = null, ILoggerFactory? loggerFactory = null)
    {
        ArgumentNullException.ThrowIfNull(configure);
        ClientDirectory directory = new([new(Options.DefaultName, null)], null);
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
        ClientRegistry registry = new(new FixedOptions(options), null, directory, timeProvider, logger);
        return new(registry, new TokenClient(registry, transports.For, timeProvider, logger).RequestTokenAsync, timeProvider, logger, transports);
    }

    /// <inheritdoc/>
    public ValueTask<AccessToken> GetTokenAsync(string clientName = "", TokenRequest? request = null, CancellationToken cancellationToken = default)
    {
        TokenSource source = GetSource(clientName, request);
        return source.TryGet() is { } token ? new(token) : WaitAsync(source, clientName, request, cancellationToken);
    }

    /// <inheritdoc/>
    public void Invalidate(AccessToken rejected, string clientName = "", TokenRequest? request = null)
    {
        ArgumentNullException.ThrowIfNull(rejected);
        GetSource(clientName, request).Reject(rejected);
    }

    /// <inheritdoc/>
    public void Invalidate(string clientName)
    {
        ArgumentNullException.ThrowIfNull(clientName);
        string name = _registry.Resolve(clientName);
        _registry.Forget(name);
        Retire(name, only: null);
    }

    /// <summary>Ends all token requests under way and waits for them, at most 5 seconds. Later calls throw <see cref="ObjectDisposedException"/>.</summary>
    /// <returns>A task that ends when nothing runs any more.</returns>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await EndAsync().WaitAsync(DisposeLimit, _timeProvider).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // a hook that ignores cancellation does not hold up the shutdown of the host.
        }

        DisposeOwned();
    }

    /// <summary>As <see cref="DisposeAsync"/>, but ends the token requests without waiting for them.</summary>
    public void Dispose()
    {
        EndAsync().ObserveFault();
        DisposeOwned();
    }

    internal int SourceCount => Clients.Sum(client => client.Extras.Count() + 1);

    private ClientSources[] Clients => [.. _clients.Values.Distinct()];

    /// <summary>The client's settings as they were when they were valid last.</summary>
    internal ClientSettings GetSettings(string clientName) => GetClient(clientName).Settings;

    internal TokenSource GetSource(string clientName, TokenRequest? request)
    {
        ArgumentNullException.ThrowIfNull(clientName);
        ClientSources client = GetClient(clientName);
        return request is null ? client.Default
            : client.TryGet(request, out TokenSource? source) && !source!.IsRetired ? source
            : AddSource(client, request);
    }

    private ClientSources GetClient(string clientName) => _clients.TryGetValue(clientName, out ClientSources? known) ? known : AddClient(clientName);

    private async ValueTask<AccessToken> WaitAsync(TokenSource source, string clientName, TokenRequest? request, CancellationToken cancellationToken)
    {
        if (_eviction.IsSweepDue())
        {
            _eviction.Sweep(Clients);
        }

        while (true)
        {
            if (await source.GetAsync(cancellationToken).ConfigureAwait(false) is { } token)
            {
                return token;
            }

            source = GetSource(clientName, request);
        }
    }

    // Options are read outside the lock, for they run the application's code; so what was read before a reload is not published after it.
    private ClientSources AddClient(string spelled)
    {
        while (true)
        {
            int reloads = Volatile.Read(ref _reloads);
            ClientSettings settings = _registry.Get(spelled);
            lock (_gate)
            {
                ObjectDisposedException.ThrowIf(_disposed, this);
                if (reloads == _reloads)
                {
                    ClientSources client = _clients.GetOrAdd(settings.Name.Value, _ => new ClientSources(settings, _requestToken, _timeProvider, _logger));
                    return _clients.GetOrAdd(spelled, client);
                }
            }
        }
    }

    private TokenSource AddSource(ClientSources client, TokenRequest request)
    {
        if (_eviction.CountOneMore())
        {
            _eviction.Evict(Clients);
        }

        return client.Add(request);
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

    // that cancels what is still on its way, and what a handler does then may block.
    private void DisposeOwned() => Task.Run(() => _owned?.Dispose()).ObserveFault();

    private void Reload()
    {
        lock (_gate)
        {
            _reloads++;
        }

        foreach ((string name, ClientSources client) in _clients.Where(entry => entry.Value.Settings.Name.Value == entry.Key))
        {
            try
            {
                if (!client.TryUpdate(() => _registry.Get(name)))
                {
                    Retire(name, client);
                }
            }
            catch (OptionsValidationException) when (!_registry.IsKnown(name))
            {
                // the client was removed, and its tokens go with it.
                Retire(name, client);
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                KeepSettings(client, exception);
            }
        }
    }

    // what cannot be read of one client, and a logger that fails, are nothing to the others.
    private void KeepSettings(ClientSources client, Exception problem)
    {
        try
        {
            // the binder names the option; what code of the application's says may hold anything.
            bool isOurs = problem is OptionsValidationException || problem.Source == typeof(TokenProvider).Assembly.GetName().Name;
            _logger.InvalidReload(client.Settings.Name, isOurs ? problem.Message : $"Reading them threw {problem.GetType().Name}.");
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // There is nobody left to tell.
        }
    }

    private void Retire(string name, ClientSources? only)
    {
        lock (_gate)
        {
            _reloads++;
            foreach ((string spelled, ClientSources client) in _clients.Where(entry => entry.Value.Settings.Name.Value == name && (only is null || entry.Value == only)))
            {
                _clients.TryRemove(spelled, out _);
                _ = client.RetireAsync();
            }
        }
    }
}
