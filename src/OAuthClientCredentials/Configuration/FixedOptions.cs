using Microsoft.Extensions.Options;

namespace OAuthClientCredentials.Configuration;

/// <summary>One client's options where there is no dependency injection.</summary>
internal sealed class FixedOptions(ClientCredentialsOptions options) : IOptionsMonitor<ClientCredentialsOptions>
{
    public ClientCredentialsOptions CurrentValue => options;

    public ClientCredentialsOptions Get(string? name) =>
        string.IsNullOrEmpty(name) ? options : throw new OptionsValidationException(name, typeof(ClientCredentialsOptions), [$"There is no client '{name}': a provider made by TokenProvider.Create has the default client only."]);

    public IDisposable? OnChange(Action<ClientCredentialsOptions, string?> listener) => null;
}
