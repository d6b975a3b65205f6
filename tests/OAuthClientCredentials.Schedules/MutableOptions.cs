using Microsoft.Extensions.Options;

namespace OAuthClientCredentials.Schedules;

/// <summary>The options of one client. A scenario can change them.</summary>
internal sealed class MutableOptions : IOptionsMonitor<ClientCredentialsOptions>
{
    private Action<ClientCredentialsOptions, string?>? _listener;

    public ClientCredentialsOptions CurrentValue { get; private set; } = Create(_ => { });

    public ClientCredentialsOptions Get(string? name) => CurrentValue;

    public IDisposable? OnChange(Action<ClientCredentialsOptions, string?> listener)
    {
        _listener = listener;
        return null;
    }

    public void Change(Action<ClientCredentialsOptions> change)
    {
        CurrentValue = Create(change);
        _listener?.Invoke(CurrentValue, "");
    }

    private static ClientCredentialsOptions Create(Action<ClientCredentialsOptions> change)
    {
        ClientCredentialsOptions options = new()
        {
            TokenEndpoint = "https://id.example.com/token",
            ClientId = "shop",
            ClientSecret = "old",
        };
        change(options);
        return options;
    }
}
