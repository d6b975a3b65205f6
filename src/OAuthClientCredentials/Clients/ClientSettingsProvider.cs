using System.Collections.Concurrent;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;
using OAuthClientCredentials.Diagnostics;

namespace OAuthClientCredentials.Clients;

/// <summary>Provides the current settings of each client, and reports when they may have changed. Thread-safe.</summary>
internal sealed class ClientSettingsProvider : IDisposable
{
    private readonly IOptionsMonitor<ClientCredentialsOptions> _options;
    private readonly IOptionsMonitorCache<ClientCredentialsOptions>? _cache;
    private readonly ConfiguredClients _clients;
    private readonly TimeProvider _timeProvider;
    private readonly ILogger _logger;
    private readonly ConcurrentDictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly List<IDisposable?> _subscriptions = [];
    private readonly object _gate = new();
    private int _version;

    public ClientSettingsProvider(
        IOptionsMonitor<ClientCredentialsOptions> options,
        IOptionsMonitorCache<ClientCredentialsOptions>? cache,
        ConfiguredClients clients,
        TimeProvider timeProvider,
        ILogger logger)
    {
        _options = options;
        _cache = cache;
        _clients = clients;
        _timeProvider = timeProvider;
        _logger = logger;

        // The sections of one root share a reload token, so that a reload is handled once for all clients.
        foreach (IConfiguration section in clients.Sections.DistinctBy(section => section.GetReloadToken()))
        {
            // OnChange is not raised for a client that is only in configuration, so the options of all clients are removed.
            _subscriptions.Add(ChangeToken.OnChange(section.GetReloadToken, () =>
            {
                cache?.Clear();
                OnChange();
            }));
        }

        _subscriptions.Add(options.OnChange((_, _) => OnChange()));
    }

    /// <summary>Raised when the settings of a client may have changed.</summary>
    public event Action? Changed;

    /// <summary>The registered spelling of a name.</summary>
    public string Resolve(string name) => _clients.Resolve(name);

    /// <summary>
    /// The client's settings: the same object until its options change. A client keeps its previous settings if its options were removed or
    /// are no longer valid.
    /// </summary>
    /// <exception cref="OptionsValidationException">The options are not valid, or the client does not exist.</exception>
    public ClientSettings Get(string name)
    {
        string registeredName = Resolve(name);
        while (true)
        {
            int version = Volatile.Read(ref _version);
            Entry? entry = _entries.GetValueOrDefault(registeredName);
            if (entry?.Version == version)
            {
                return entry.Settings;
            }

            ClientSettings settings = Read(registeredName, entry?.Settings, out Exception? problem);
            if (TryPublish(registeredName, entry, new(settings, version)))
            {
                Report(settings, entry?.Settings, problem);
                return settings;
            }
        }
    }

    /// <summary>Removes the settings and the options of a client. The next call reads its options again .</summary>
    public void Forget(string name)
    {
        string registeredName = Resolve(name);
        _cache?.TryRemove(registeredName);
        lock (_gate)
        {
            // A new version, so that settings that another thread is reading are not published.
            Interlocked.Increment(ref _version);
            _entries.TryRemove(registeredName, out _);
        }
    }

    /// <summary>Whether a client was never registered or configured. Its settings are then removed when it is idle .</summary>
    public bool IsKnownAtRunTimeOnly(string name) => !_clients.WasKnown(name);

    /// <summary>The name of a client in metrics. There can be any number of clients that are known at run time only .</summary>
    public string MetricNameOf(string name) => IsKnownAtRunTimeOnly(name) ? Telemetry.Other : name;

    public void Dispose() => _subscriptions.ForEach(subscription => subscription?.Dispose());

    /// <summary>
    /// Describes why options cannot be used. The messages of validators and of the generated binder name the option. Other messages may
    /// contain secrets.
    /// </summary>
    public static string Describe(Exception problem)
    {
        if (problem is OptionsValidationException || problem.Source == typeof(ClientSettingsProvider).Assembly.GetName().Name)
        {
            return problem.Message;
        }

        return $"Reading the options threw {problem.GetType().Name}.";
    }

    private void OnChange()
    {
        Interlocked.Increment(ref _version);
        Changed?.Invoke();
    }

    // Called without the lock, because it runs user code (options callbacks and validators).
    private ClientSettings Read(string registeredName, ClientSettings? previous, out Exception? problem)
    {
        problem = null;
        try
        {
            return Read(registeredName, previous);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // The options cache also caches errors. A client may be defined later, and wrong names must not use memory.
            _cache?.TryRemove(registeredName);
            if (previous is null)
            {
                throw;
            }

            problem = exception;
            return previous;
        }
    }

    private ClientSettings Read(string registeredName, ClientSettings? previous)
    {
        ClientCredentialsOptions options = _options.Get(registeredName);
        if (previous is not null && ReferenceEquals(previous.Options, options))
        {
            return previous;
        }

        string optionsPath = _clients.OptionsPathOf(registeredName);
        ClientContext context = new(registeredName, optionsPath, options.ClientId ?? "", options.Authority, _timeProvider)
        {
            MetricName = MetricNameOf(registeredName),
        };
        ClientSettings settings = new(context, options, previous);
        if (previous is not null && previous.HasSameOptions(settings))
        {
            return previous;
        }

        return settings;
    }

    // The only place that changes a client's settings. If two threads read them, the second one takes those of the first.
    private bool TryPublish(string registeredName, Entry? previous, Entry next)
    {
        lock (_gate)
        {
            if (_version != next.Version || _entries.GetValueOrDefault(registeredName) != previous)
            {
                return false;
            }

            _entries[registeredName] = next;
            return true;
        }
    }

    private void Report(ClientSettings settings, ClientSettings? previous, Exception? problem)
    {
        if (problem is OptionsValidationException && !_clients.IsKnown(settings.Name))
        {
            _logger.ClientGone(settings.Name);
        }
        else if (problem is not null)
        {
            _logger.InvalidReload(settings.Name, Describe(problem));
        }
        else if (settings.Options.AllowInsecureHttp && previous?.Options.AllowInsecureHttp != true)
        {
            _logger.InsecureHttpAllowed(settings.Name);
        }
    }

    private sealed class Entry(ClientSettings settings, int version)
    {
        public ClientSettings Settings => settings;

        /// <summary>The version after whose change the settings were read.</summary>
        public int Version => version;
    }
}
