using Microsoft.Extensions.Configuration;

namespace OAuthClientCredentials.Clients;

/// <summary>The clients that code and configuration define, and the configuration sections of each. Thread-safe.</summary>
/// <param name="registrations">The calls of AddClientCredentials with a name.</param>
/// <param name="root">The section ClientCredentials, if it is read.</param>
/// <param name="configuration">The application's configuration, if there is one, to find mistakes in names.</param>
internal sealed class ConfiguredClients(
    IEnumerable<ClientRegistration> registrations,
    IConfigurationSection? root,
    IConfiguration? configuration = null)
{
    public const string SectionName = OptionTable.SectionName;

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
                    _snapshot = new([.. Registrations], root, configuration, _snapshot);
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

    /// <summary>The messages about options of the client that are not read, because the names in their path are not separated.</summary>
    public IEnumerable<string> MisplacedOptionsOf(string name) =>
        from option in Current.Misplaced
        where option.Client.Equals(name, StringComparison.OrdinalIgnoreCase)
        select option.Message;

    /// <summary>Why a client has no options, and what to change; null if it has some.</summary>
    public string? ExplainAbsence(string name)
    {
        if (IsKnown(name))
        {
            return ExplainEmptySection(name);
        }

        string known = string.Join(", ", Names.Select(Quote).DefaultIfEmpty("none"));
        if (NearestName.Find(name, Names) is { } nearest)
        {
            return $"is not registered. Did you mean {Quote(nearest)}? Known clients: {known}.";
        }

        if (root is null && _registered.Count == 0)
        {
            return $"is not registered: AddClientCredentials was not called. AddClientCredentials() reads the section {SectionName}, "
                + "and AddClientCredentials(name, o => ...) sets the options in code.";
        }

        if (root is not null && Current.Clients.Count == 0 && FindSimilarSection(SectionName) is { } section)
        {
            return $"is not registered: the configuration has a section {section}, but not {SectionName}. Rename it to {SectionName}.";
        }

        string place = root is null ? "" : $", or in the section {UnderRoot(name)}";
        return $"is not registered. Known clients: {known}. Use one of them, or register this one with AddClientCredentials{place}.";
    }

    /// <summary>The configuration path of a client's options, for messages.</summary>
    public string OptionsPathOf(string name)
    {
        IConfigurationSection? registered = _registered[name]
            .Select(client => client.Section)
            .OfType<IConfigurationSection>()
            .FirstOrDefault();
        return registered?.Path ?? UnderRoot(name);
    }

    private static string UnderRoot(string name) => name.Length == 0 ? SectionName : $"{SectionName}:{name}";

    private static string Quote(string name) => name.Length == 0 ? "the default client" : $"'{name}'";

    private string? ExplainEmptySection(string name)
    {
        IConfiguration[] sections = [.. SectionsOf(name)];
        if (sections.Length == 0 || Array.Exists(sections, section => section.GetChildren().Any()))
        {
            return null;
        }

        string path = OptionsPathOf(name);
        string remedy = "Check its name.";
        if (FindSimilarSection(path) is { } similar)
        {
            remedy = $"Did you mean {similar}?";
        }

        return $"has no options: the configuration section {path} is missing or empty. {remedy}";
    }

    private string? FindSimilarSection(string path)
    {
        IConfiguration? parent = configuration;
        if (ConfigurationPath.GetParentPath(path) is { } parentPath)
        {
            parent = configuration?.GetSection(parentPath);
        }

        string name = ConfigurationPath.GetSectionKey(path);
        return NearestName.Find(name, parent?.GetChildren().Select(section => section.Key).Where(key => key != name) ?? []);
    }
}
