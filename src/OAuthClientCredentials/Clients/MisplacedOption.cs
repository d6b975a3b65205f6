using Microsoft.Extensions.Configuration;

namespace OAuthClientCredentials.Clients;

/// <summary>
/// An option that is not read, because its environment variable has one underscore where two separate the names (R-364), for instance
/// <c>ClientCredentials__orders_ClientSecret</c>.
/// </summary>
internal sealed record MisplacedOption(string Path, string Client, string Option)
{
    private const string Root = OptionTable.SectionName;

    public string Message
    {
        get
        {
            string[] names = [.. new[] { Root, Client, Option }.Where(name => name.Length > 0)];
            return $"{Path} is not read. Did you mean {string.Join(':', names)}? In the name of an environment variable, "
                + $"two underscores separate the names: {string.Join("__", names)}.";
        }
    }

    /// <summary>Finds <c>ClientCredentials__orders_Option</c>: the names of the client and the option are one name.</summary>
    public static MisplacedOption? FindUnderRoot(IConfigurationSection child)
    {
        // Listing children is expensive, so the name is checked first (R-304).
        MisplacedOption? found = Find(child.Path, child.Key);
        bool isClient = found is not null && child.GetChildren().Any(option => OptionTable.Contains(option.Key));
        return isClient ? null : found;
    }

    /// <summary>Finds <c>ClientCredentials_orders__Option</c> and <c>ClientCredentials_orders_Option</c>.</summary>
    public static IEnumerable<MisplacedOption> FindBeside(IConfigurationSection section)
    {
        if (!section.Key.StartsWith(Root + "_", StringComparison.OrdinalIgnoreCase))
        {
            return [];
        }

        string name = section.Key[Root.Length..];
        return section.GetChildren()
            .Select(child => Find(child.Path, $"{name}_{child.Key}"))
            .Prepend(Find(section.Path, name))
            .OfType<MisplacedOption>();
    }

    private static MisplacedOption? Find(string path, string name)
    {
        if (OptionTable.Names.FirstOrDefault(option => name.EndsWith($"_{option}", StringComparison.OrdinalIgnoreCase)) is not { } option)
        {
            return null;
        }

        return new(path, name[..^option.Length].Trim('_'), option);
    }
}
