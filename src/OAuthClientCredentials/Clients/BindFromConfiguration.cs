using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace OAuthClientCredentials.Clients;

/// <summary>Binds the options of a client from its configuration sections.</summary>
internal sealed class BindFromConfiguration(ConfiguredClients clients) : IConfigureNamedOptions<ClientCredentialsOptions>
{
    public void Configure(ClientCredentialsOptions options) => Configure(Options.DefaultName, options);

    public void Configure(string? name, ClientCredentialsOptions options)
    {
        string clientName = name ?? "";
        CheckSections(clientName);
        foreach (IConfiguration section in clients.SectionsOf(clientName))
        {
            section.Bind(options);
            AddSingle(section[nameof(options.Scopes)], options.Scopes);
            AddSingle(section[nameof(options.Resources)], options.Resources);
            AddSingle(section[nameof(options.AllowedEndpointHosts)], options.AllowedEndpointHosts);
            AddSingle(section[nameof(options.AcceptedTokenTypes)], options.AcceptedTokenTypes);
        }
    }

    // These mistakes end the validation, because an option that was not read would be reported as missing too.
    private void CheckSections(string name)
    {
        List<string> failures = [.. clients.MisplacedOptionsOf(name), .. clients.SectionsOf(name).SelectMany(SectionRules.Check)];
        if (failures.Count > 0)
        {
            throw new OptionsValidationException(name, typeof(ClientCredentialsOptions), failures);
        }
    }

    // The binder ignores a single string where a list is expected ("Scopes": "a b").
    private static void AddSingle(string? value, IList<string> list)
    {
        if (!string.IsNullOrEmpty(value))
        {
            list.Add(value);
        }
    }
}
