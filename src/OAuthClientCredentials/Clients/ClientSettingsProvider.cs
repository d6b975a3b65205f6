using System.Collections.Concurrent;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;
using OAuthClientCredentials.Diagnostics;

namespace OAuthClientCredentials.Clients;

/// <summary>The settings of every client as they are now. Says when they may have changed. Thread-safe.</summary>
internal sealed class ClientSettingsProvider : IDisposable
{
    private readonly IOptionsMonitor<ClientCredentialsOptions> _options;
    private readonly IOptionsMonitorCache<ClientCredentialsOptions>? _cache;
    private readonly ConfiguredClients _directory;
    private readonly TimeProvider _timeProvider;
    private readonly ILogger _logger;
    private readonly ConcurrentDictionary<string, Known> _known = new(StringComparer.Ordinal);
    private readonly List<IDisposable?> _subscriptions = [];
    private readonly object _gate = new();
    private int _version;

    public ClientSettingsProvider(
        IOptionsMonitor<ClientCredentialsOptions> options,
        IOptionsMonitorCache<ClientCredentialsOptions>? cache,
        ConfiguredClients directory,
        TimeProvider timeProvider,
        ILogger logger)
    {
        _options = options;
        _cache = cache;
        _directory = directory;
        _timeProvider = timeProvider;
        _logger = logger;

        // Sections of one root share one token: a reload is one change, however many clients it may concern.
        foreach (IConfiguration section in directory.Sections.DistinctBy(section => section.GetReloadToken()))
        {
            // OnChange is never raised for a name that is only in configuration, so the options of all clients are dropped.
            _subscriptions.Add(ChangeToken.OnChange(section.GetReloadToken, () =>
            {
                cache?.Clear();
                OnChange();
            }));
        }

        _subscriptions.Add(options.OnChange((_, _) => OnChange()));
    }

    public event Action? Changed;

    /// <summary>The name as the client is registered.</summary>
    public string Resolve(string name) => _directory.Resolve(name);

    /// <summary>
    /// The client's settings: the same object until its options change. A client whose options are gone or no longer valid keeps the
    /// settings it had.
    /// </summary>
    /// <exception cref="OptionsValidationException">The options are not valid, or there is no such client.</exception>
    public ClientSettings Get(string name)
    {
        string resolved = Resolve(name);
        while (true)
        {
            int version = Volatile.Read(ref _version);
            Known? known = _known.GetValueOrDefault(resolved);
            if (known?.Version == version)
            {
                return known.Settings;
            }

            ClientSettings settings = Read(resolved, known?.Settings, out Exception? problem);
            if (TryPublish(resolved, known, new(settings, version)))
            {
                Report(settings, known?.Settings, problem);
                return settings;
            }
        }
    }

    /// <summary>Drops everything that is kept of a client, so that its options are read anew .</summary>
    public void Forget(string name)
    {
        string resolved = Resolve(name);
        _cache?.TryRemove(resolved);
        lock (_gate)
        {
            // What is being read meanwhile is not published.
            Interlocked.Increment(ref _version);
            _known.TryRemove(resolved, out _);
        }
    }

    /// <summary>Whether a client was never registered or configured: it exists as long as it is used .</summary>
    public bool IsKnownAtRunTimeOnly(string name) => !_directory.WasKnown(name);

    public void Dispose() => _subscriptions.ForEach(subscription => subscription?.Dispose());

    private void OnChange()
    {
        Interlocked.Increment(ref _version);
        Changed?.Invoke();
    }

    // Outside the lock, because this runs the application's code.
    private ClientSettings Read(string resolved, ClientSettings? former, out Exception? problem)
    {
        problem = null;
        try
        {
            ClientCredentialsOptions options = _options.Get(resolved);
            if (former is not null && ReferenceEquals(former.Options, options))
            {
                return former;
            }

            ClientSettings settings = new(new(resolved, _directory.OptionsPathOf(resolved), options.ClientId ?? "", options.Authority, _timeProvider), options, former);
            return former?.HasSameOptions(settings) == true ? former : settings;
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // The cache keeps errors too: of a tenant that is defined later, and of every wrong name.
            _cache?.TryRemove(resolved);
            if (former is null)
            {
                throw;
            }

            problem = exception;
            return former;
        }
    }

    // The one place that decides which settings a client has: a thread that comes second takes what the first published.
    private bool TryPublish(string resolved, Known? former, Known next)
    {
        lock (_gate)
        {
            if (_version != next.Version || _known.GetValueOrDefault(resolved) != former)
            {
                return false;
            }

            _known[resolved] = next;
            return true;
        }
    }

    private void Report(ClientSettings settings, ClientSettings? former, Exception? problem)
    {
        if (problem is OptionsValidationException && !_directory.IsKnown(settings.Name))
        {
            _logger.ClientGone(settings.Context.DisplayName);
        }
        else if (problem is not null)
        {
            // The binder names the option; what the application's code says may hold anything.
            bool isOurs = problem is OptionsValidationException || problem.Source == typeof(ClientSettingsProvider).Assembly.GetName().Name;
            _logger.InvalidReload(settings.Context.DisplayName, isOurs ? problem.Message : $"Reading them threw {problem.GetType().Name}.");
        }
        else if (settings.Options.AllowInsecureHttp && former?.Options.AllowInsecureHttp != true)
        {
            _logger.InsecureHttpAllowed(settings.Context.DisplayName);
        }
    }

    private sealed class Known(ClientSettings settings, int version)
    {
        public ClientSettings Settings => settings;

        /// <summary>The number of the change after which the settings were read.</summary>
        public int Version => version;
    }
}
