using Microsoft.Extensions.Configuration;

namespace OAuthClientCredentials.Clients;

/// <summary>The clients that code and configuration define, and the configuration sections of each. Thread-safe.</summary>
internal sealed class ConfiguredClients(IEnumerable<ClientRegistration> registrations, IConfigurationSection? root)
{
    public const string SectionName = "ClientCredentials";

    private readonly ILookup<string, ClientRegistration> _registered =
        registrations.ToLookup(client => client.Name, StringComparer.Ordinal);

    private readonly object _gate = new();
    private volatile ConfigurationSnapshot? _snapshot;

    /// <summary>The sections from which options are read.</summary>
    public IEnumerable<IConfiguration> Sections => Registrations.Select(client => client.Section).Append(root).OfType<IConfiguration>();

    /// <summary>The registered spelling of each client's name, once.</summary>
    public IEnumerable<string> Names =>
        _registered.Select(client => client.Key).Union(Current.Clients.Keys.Select(Resolve), StringComparer.Ordinal);

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
                if (_snapshot is not { IsCurrent: true })
                {
                    _snapshot = new([.. Registrations], root, _snapshot);
                }

                return _snapshot;
            }
        }
    }

    /// <summary>Whether code or configuration defines the client.</summary>
    public bool IsKnown(string name) => _registered.Contains(name) || Current.Clients.ContainsKey(name);

    /// <summary>Whether code or configuration defines the client, or configuration defined it before a reload.</summary>
    public bool WasKnown(string name) => _registered.Contains(name) || Current.Spellings.ContainsKey(name);

    /// <summary>The registered spelling of a name. Names in code are case-sensitive, names in configuration are not .</summary>
    public string Resolve(string name)
    {
        if (_registered.Contains(name))
        {
            return name;
        }

        return Current.Spellings.GetValueOrDefault(name, name);
    }

    /// <summary>The sections that are bound to the client: first the one under the root section, then the registered ones.</summary>
    public IEnumerable<IConfiguration> SectionsOf(string name)
    {
        ConfigurationSnapshot snapshot = Current;
        IEnumerable<IConfiguration> registered = snapshot.Registered[name];
        if (snapshot.Clients.TryGetValue(name, out IConfiguration? underRoot))
        {
            return registered.Prepend(underRoot);
        }

        return registered;
    }

    /// <summary>The configuration path of a client's options, for messages.</summary>
    public string OptionsPathOf(string name)
    {
        IConfigurationSection? registered = _registered[name]
            .Select(client => client.Section)
            .OfType<IConfigurationSection>()
            .FirstOrDefault();
        string underRoot = name.Length == 0 ? SectionName : $"{SectionName}:{name}";
        return registered?.Path ?? underRoot;
    }
}
