using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Primitives;

namespace OAuthClientCredentials.Clients;

/// <summary>A copy of the configuration of each client. A reload makes it outdated.</summary>
/// <remarks>
/// <see cref="IConfiguration"/> enumerates all keys of a provider to list the children of one section. Binding and validating hundreds of
/// clients would take seconds, so each section is read once and copied into a small configuration.
/// </remarks>
internal sealed class ConfigurationSnapshot
{
    private readonly IChangeToken[] _changes;

    public ConfigurationSnapshot(
        ClientRegistration[] registrations,
        IConfigurationSection? root,
        IConfiguration? configuration,
        ConfigurationSnapshot? previous)
    {
        IConfiguration[] sources = [.. registrations.Select(registration => registration.Section).Append(root).OfType<IConfiguration>()];

        // The tokens are taken before the sections are read, so that a change during the read makes this snapshot outdated.
        _changes = [.. sources.Select(source => source.GetReloadToken()).Distinct()];
        Registered = registrations.Where(registration => registration.Section is not null)
            .ToLookup(registration => registration.Name, registration => Copy(registration.Section!), StringComparer.Ordinal);
        ReadRoot(root);
        if (root is not null)
        {
            // A variable of another program may have such a name, so only an option that a client lacks is meant.
            Misplaced.AddRange((configuration?.GetChildren() ?? [])
                .SelectMany(MisplacedOption.FindBeside)
                .Where(option => Clients.TryGetValue(option.Client, out IConfiguration? client)
                    && !client.GetSection(option.Option).Exists()));
        }

        // A client with nothing but a misplaced option exists, so that it is validated.
        Misplaced.ForEach(option => Clients.TryAdd(option.Client, new ConfigurationBuilder().Build()));

        // A client that a reload removes keeps its settings, so its name keeps its spelling.
        Spellings = new(previous?.Spellings ?? [], StringComparer.OrdinalIgnoreCase);
        IEnumerable<string> names = Clients.Keys.Concat(registrations.Select(registration => registration.Name).Where(Clients.ContainsKey));
        foreach (string name in names)
        {
            Spellings[name] = name;
        }
    }

    /// <summary>The sections that code registered, by client name.</summary>
    public ILookup<string, IConfiguration> Registered { get; }

    /// <summary>The sections under the root section, by client name. The default client has the options directly under the root.</summary>
    public Dictionary<string, IConfiguration> Clients { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The options that are not read, because the names in their path are not separated.</summary>
    public List<MisplacedOption> Misplaced { get; } = [];

    /// <summary>Each name that is or was configured, with its spelling in code, or otherwise in configuration.</summary>
    public Dictionary<string, string> Spellings { get; }

    public bool IsCurrent => !Array.Exists(_changes, change => change.HasChanged);

    private void ReadRoot(IConfigurationSection? root)
    {
        List<IConfigurationSection> defaultOptions = [];
        foreach (IConfigurationSection child in root?.GetChildren() ?? [])
        {
            if (!OptionTable.Contains(child.Key) && MisplacedOption.FindUnderRoot(child) is { } misplaced)
            {
                Misplaced.Add(misplaced);
            }
            else if (child.Value is not null || OptionTable.Contains(child.Key))
            {
                // A single value with another name is a misspelt option, not a client.
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
        if (path.Length == 0)
        {
            return copy;
        }

        return copy.GetSection(path);
    }

    // Listing children is expensive. A section with a value has children only if it is a list, or a client with the name of an option.
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
