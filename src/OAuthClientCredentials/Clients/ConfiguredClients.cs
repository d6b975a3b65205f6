using Microsoft.Extensions.Configuration;

namespace OAuthClientCredentials.Clients;

/// <summary>Which clients there are, by code and by configuration, and what configuration holds for each. Thread-safe.</summary>
internal sealed class ConfiguredClients(IEnumerable<ClientRegistration> registrations, IConfigurationSection? root)
{
    public const string SectionName = "ClientCredentials";

    private readonly ILookup<string, ClientRegistration> _registered =
        registrations.ToLookup(client => client.Name, StringComparer.Ordinal);

    private readonly object _gate = new();
    private volatile ConfigurationSnapshot? _snapshot;

    /// <summary>Everything that options are read from.</summary>
    public IEnumerable<IConfiguration> Sections => Registrations.Select(client => client.Section).Append(root).OfType<IConfiguration>();

    public IEnumerable<string> Names => _registered.Select(client => client.Key).Union(Current.Clients.Keys, StringComparer.Ordinal);

    private IEnumerable<ClientRegistration> Registrations => _registered.SelectMany(client => client);

    private ConfigurationSnapshot Current
    {
        get
        {
            if (_snapshot is { IsCurrent: true } snapshot)
            {
                return snapshot;
            }

            lock (_gate)
            {
                return _snapshot is { IsCurrent: true } fresh ? fresh : _snapshot = new([.. Registrations], root, _snapshot);
            }
        }
    }

    /// <summary>Whether code or configuration defines the client.</summary>
    public bool IsKnown(string name) => _registered.Contains(name) || Current.Clients.ContainsKey(name);

    /// <summary>Whether code defines the client, or configuration does or did.</summary>
    public bool WasKnown(string name) => _registered.Contains(name) || Current.Spellings.ContainsKey(name);

    /// <summary>The name as the client is registered. Names in configuration compare ignoring case, names in code do not .</summary>
    public string Resolve(string name) => _registered.Contains(name) ? name : Current.Spellings.GetValueOrDefault(name, name);

    /// <summary>The sections that are bound to the client, that of the root section first.</summary>
    public IEnumerable<IConfiguration> SectionsOf(string name)
    {
        ConfigurationSnapshot snapshot = Current;
        IEnumerable<IConfiguration> own = snapshot.Registered[name];
        return snapshot.Clients.TryGetValue(name, out IConfiguration? configured) ? own.Prepend(configured) : own;
    }

    /// <summary>The configuration path of a client's options, for messages.</summary>
    public string OptionsPathOf(string name)
    {
        IConfigurationSection? own = _registered[name].Select(client => client.Section).OfType<IConfigurationSection>().FirstOrDefault();
        string underRoot = name.Length == 0 ? SectionName : $"{SectionName}:{name}";
        return own?.Path ?? underRoot;
    }
}
