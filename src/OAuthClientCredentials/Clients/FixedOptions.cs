using Microsoft.Extensions.Options;

namespace OAuthClientCredentials.Clients;

/// <summary>The options of the default client, for a provider without dependency injection. They never change.</summary>
internal sealed class FixedOptions(ClientCredentialsOptions options) : IOptionsMonitor<ClientCredentialsOptions>
{
    public ClientCredentialsOptions CurrentValue => options;

    public ClientCredentialsOptions Get(string? name)
    {
        if (string.IsNullOrEmpty(name))
        {
            return options;
        }

        string problem = $"Client '{name}' does not exist. A provider made by TokenProvider.Create has only the default client.";
        throw new OptionsValidationException(name, typeof(ClientCredentialsOptions), [problem]);
    }

    public IDisposable? OnChange(Action<ClientCredentialsOptions, string?> listener) => null;
}
