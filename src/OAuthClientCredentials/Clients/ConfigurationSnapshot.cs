using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Primitives;

namespace OAuthClientCredentials.Clients;

/// <summary>What configuration held for each client at one moment.</summary>
/// <remarks>
/// To list the children of one section, <see cref="IConfiguration"/> goes through all keys of a provider. So each section is read once,
/// into a small configuration of its own: binding and validating hundreds of clients would otherwise take seconds.
/// </remarks>
internal sealed class ConfigurationSnapshot
{
    private readonly IChangeToken[] _changes;

    public ConfigurationSnapshot(ClientRegistration[] registrations, IConfigurationSection? root, ConfigurationSnapshot? former)
    {
        IConfiguration[] sources = [.. registrations.Select(registration => registration.Section).Append(root).OfType<IConfiguration>()];

        // Before anything is read: a change while reading makes this snapshot an old one.
        _changes = [.. sources.Select(source => source.GetReloadToken()).Distinct()];
        Registered = registrations.Where(registration => registration.Section is not null)
            .ToLookup(registration => registration.Name, registration => Copy(registration.Section!), StringComparer.Ordinal);
        ReadRoot(root);

        // A name that went from configuration keeps its spelling, as its client keeps its settings.
        Spellings = new(former?.Spellings ?? [], StringComparer.OrdinalIgnoreCase);
        IEnumerable<string> names = Clients.Keys.Concat(registrations.Select(registration => registration.Name).Where(Clients.ContainsKey));
        foreach (string name in names)
        {
            Spellings[name] = name;
        }
    }

    /// <summary>The sections that clients were registered with.</summary>
    public ILookup<string, IConfiguration> Registered { get; }

    /// <summary>The sections of the clients under the root section; the default client's holds the options directly under it.</summary>
    public Dictionary<string, IConfiguration> Clients { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Each name that was configured at any time, as it is spelled in code, or else in configuration.</summary>
    public Dictionary<string, string> Spellings { get; }

    public bool IsCurrent => !Array.Exists(_changes, change => change.HasChanged);

    private void ReadRoot(IConfigurationSection? root)
    {
        List<IConfigurationSection> defaultOptions = [];
        foreach (IConfigurationSection child in root?.GetChildren() ?? [])
        {
            // A single value that is not an option is a misspelt one, and not a client.
            if (child.Value is not null || OptionTable.Contains(child.Key))
            {
                defaultOptions.Add(child);
            }
            else
            {
                Clients[child.Key] = Copy(child);
            }
        }

        if (defaultOptions.Count > 0)
        {
            Clients[""] = Copy(root!.Path, defaultOptions, isRoot: true);
        }
    }

    private static IConfiguration Copy(IConfiguration section) =>
        Copy((section as IConfigurationSection)?.Path ?? "", section.GetChildren(), isRoot: false);

    private static IConfiguration Copy(string path, IEnumerable<IConfigurationSection> options, bool isRoot)
    {
        Dictionary<string, string?> values = new(StringComparer.OrdinalIgnoreCase);
        foreach (IConfigurationSection option in options)
        {
            Add(option, values, mayHaveChildren: isRoot);
        }

        IConfigurationRoot copy = new ConfigurationBuilder().AddInMemoryCollection(values).Build();
        return path.Length == 0 ? copy : copy.GetSection(path);
    }

    // Looking for children is what costs. Beside a value there are some in a list, or in a client that is named like an option.
    private static void Add(IConfigurationSection section, Dictionary<string, string?> values, bool mayHaveChildren = false)
    {
        int before = values.Count;
        if (mayHaveChildren || section.Value is null || OptionTable.IsCollection(section.Key))
        {
            foreach (IConfigurationSection child in section.GetChildren())
            {
                Add(child, values);
            }
        }

        if (section.Value is not null || values.Count == before)
        {
            values[section.Path] = section.Value;
        }
    }
}
