using Microsoft.Extensions.Options;

namespace OAuthClientCredentials.Clients;

/// <summary>One client's options where there is no dependency injection.</summary>
internal sealed class FixedOptions(ClientCredentialsOptions options) : IOptionsMonitor<ClientCredentialsOptions>
{
    public ClientCredentialsOptions CurrentValue => options;

    public ClientCredentialsOptions Get(string? name)
    {
        if (string.IsNullOrEmpty(name))
        {
            return options;
        }

        string problem = $"There is no client '{name}': a provider made by TokenProvider.Create has the default client only.";
        throw new OptionsValidationException(name, typeof(ClientCredentialsOptions), [problem]);
    }

    public IDisposable? OnChange(Action<ClientCredentialsOptions, string?> listener) => null;
}
