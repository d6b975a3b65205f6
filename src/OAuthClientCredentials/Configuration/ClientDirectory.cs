using Microsoft.Extensions.Configuration;
using OAuthClientCredentials.Diagnostics;

namespace OAuthClientCredentials.Configuration;

/// <summary>Which clients there are, by code and by configuration, and where the options of each stand.</summary>
internal sealed class ClientDirectory(IEnumerable<ClientRegistration> registrations, IConfigurationSection? root)
{
    public const string SectionName = "ClientCredentials";

    private readonly ClientRegistration[] _registrations = [.. registrations];

    /// <summary>The whole section, if the parameterless AddClientCredentials was called.</summary>
    public IConfigurationSection? Root { get; } = root;

    public IEnumerable<IConfiguration> Sections =>
        _registrations.Select(registration => registration.Section).OfType<IConfiguration>().Concat(Root is null ? [] : [Root]);

    public IEnumerable<string> Names => RegisteredNames.Concat(ConfiguredNames).Distinct(StringComparer.Ordinal);

    private IEnumerable<string> RegisteredNames => _registrations.Select(registration => registration.Name);

    // A single value that is no option is a misspelt one, and no client.
    private IEnumerable<string> ConfiguredNames
    {
        get
        {
            ILookup<bool, string> keys = (Root?.GetChildren() ?? []).ToLookup(child => OptionNames.IsOption(child.Key) || child.Value is not null, child => child.Key);
            return keys[false].Concat(keys[true].Any() ? [""] : []);
        }
    }

    /// <summary>The spelling that the client is registered under: configuration keys compare ignoring case, names given in code do not .</summary>
    public string Resolve(string name) =>
        RegisteredNames.Contains(name, StringComparer.Ordinal) || !ConfiguredNames.Contains(name, StringComparer.OrdinalIgnoreCase)
            ? name
            : Names.First(known => known.Equals(name, StringComparison.OrdinalIgnoreCase));

    /// <summary>The sections that are bound to the client, the whole section first.</summary>
    public IEnumerable<IConfiguration> SectionsOf(string name)
    {
        if (Root is not null && !OptionNames.IsOption(name))
        {
            yield return name.Length == 0 ? Root : Root.GetSection(name);
        }

        foreach (ClientRegistration registration in _registrations.Where(registration => registration.Name == name && registration.Section is not null))
        {
            yield return registration.Section!;
        }
    }

    public ClientName Describe(string name)
    {
        string? bound = _registrations.Where(registration => registration.Name == name).Select(registration => registration.Section).OfType<IConfigurationSection>().FirstOrDefault()?.Path;
        return new(name, bound ?? (name.Length == 0 ? SectionName : $"{SectionName}:{name}"));
    }
}
