using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace OAuthClientCredentials.Clients;

internal sealed class BindFromConfiguration(ConfiguredClients directory) : IConfigureNamedOptions<ClientCredentialsOptions>
{
    public void Configure(ClientCredentialsOptions options) => Configure(Options.DefaultName, options);

    public void Configure(string? name, ClientCredentialsOptions options)
    {
        foreach (IConfiguration section in directory.SectionsOf(name ?? ""))
        {
            section.Bind(options);
            AddSingle(section[nameof(options.Scopes)], options.Scopes);
            AddSingle(section[nameof(options.Resources)], options.Resources);
            AddSingle(section[nameof(options.AllowedEndpointHosts)], options.AllowedEndpointHosts);
        }
    }

    // The binder passes silently over a plain string where a list belongs ("Scopes": "a b").
    private static void AddSingle(string? value, IList<string> list)
    {
        if (!string.IsNullOrEmpty(value))
        {
            list.Add(value);
        }
    }
}
