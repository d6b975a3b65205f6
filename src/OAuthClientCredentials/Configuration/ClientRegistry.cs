using System.Collections.Concurrent;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;
using OAuthClientCredentials.Diagnostics;

namespace OAuthClientCredentials.Configuration;

/// <summary>The settings of every client as they are now. Says when they may have changed.</summary>
internal sealed class ClientRegistry : IDisposable
{
    private readonly IOptionsMonitor<ClientCredentialsOptions> _options;
    private readonly IOptionsMonitorCache<ClientCredentialsOptions>? _cache;
    private readonly ClientDirectory _directory;
    private readonly TimeProvider _timeProvider;
    private readonly ConcurrentDictionary<string, ClientSettings> _settings = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> _warned = new(StringComparer.Ordinal);
    private readonly ILogger _logger;
    private readonly List<IDisposable?> _subscriptions = [];

    public ClientRegistry(
        IOptionsMonitor<ClientCredentialsOptions> options,
        IOptionsMonitorCache<ClientCredentialsOptions>? cache,
        ClientDirectory directory,
        TimeProvider timeProvider,
        ILogger logger)
    {
        _options = options;
        _cache = cache;
        _directory = directory;
        _timeProvider = timeProvider;
        _logger = logger;

        // Sections of one root have one token between them: a reload is one change, however many clients it may concern.
        foreach (IConfiguration section in directory.Sections.DistinctBy(section => section.GetReloadToken()))
        {
            // OnChange is never raised for a name that stands in configuration only; drop what was cached of all.
            _subscriptions.Add(ChangeToken.OnChange(section.GetReloadToken, () =>
            {
                cache?.Clear();
                Changed?.Invoke();
            }));
        }

        _subscriptions.Add(options.OnChange((_, _) => Changed?.Invoke()));
    }

    public event Action? Changed;

    /// <summary>The name as the client is registered under it.</summary>
    public string Resolve(string name) => _directory.Resolve(name);

    public bool IsKnown(string name) => _directory.Names.Contains(name, StringComparer.Ordinal);

    /// <exception cref="OptionsValidationException">The options are not valid, or there is no such client.</exception>
    public ClientSettings Get(string name)
    {
        string resolved = Resolve(name);
        ClientCredentialsOptions options = Read(resolved);
        if (_settings.TryGetValue(resolved, out ClientSettings? settings) && ReferenceEquals(settings.Options, options))
        {
            return settings;
        }

        settings = new(_directory.Describe(resolved), options, _timeProvider);
        _settings[resolved] = settings;
        if (options.AllowInsecureHttp && _warned.TryAdd(resolved, true))
        {
            _logger.InsecureHttpAllowed(settings.Name);
        }

        return settings;
    }

    /// <summary>Drops what is known of a client, so that its options are made anew .</summary>
    public void Forget(string resolved)
    {
        _cache?.TryRemove(resolved);
        _settings.TryRemove(resolved, out _);
        _warned.TryRemove(resolved, out _);
    }

    // the cache keeps also that making them threw, for names that are no clients too.
    private ClientCredentialsOptions Read(string resolved)
    {
        try
        {
            return _options.Get(resolved);
        }
        catch
        {
            _cache?.TryRemove(resolved);
            throw;
        }
    }

    public void Dispose() => _subscriptions.ForEach(subscription => subscription?.Dispose());
}
