using System.Globalization;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Caching;

/// <summary>A client in configuration that a history of operations is done to.</summary>
internal abstract class ModelHistory : IAsyncDisposable
{
    private readonly TestProvider _provider = TestProvider.FromConfiguration(
    [
        ("TokenEndpoint", TestProvider.TokenEndpoint),
        ("ClientId", "0"),
        ("ClientSecret", "secret"),
        ("MaxRetries", "0"),
        ("AttemptTimeout", "00:05:00"),
        ("Timeout", "00:05:00"),
    ]);

    private readonly Lock _reloading = new();

    protected TestTimeProvider Time => _provider.Time;

    protected TestAuthorizationServer Server => _provider.Server;

    protected TokenProvider Tokens => _provider.Tokens;

    protected int Identity { get; private set; }

    public ValueTask DisposeAsync() => _provider.DisposeAsync();

    protected static async Task IgnoreAsync(ValueTask<AccessToken> get)
    {
        try
        {
            await get;
        }
        catch (Exception exception) when (exception is OperationCanceledException or TokenRequestException)
        {
            // Either may come first.
        }
    }

    protected void Set(string key, string value)
    {
        lock (_reloading)
        {
            _provider.Reload(key, value);
        }
    }

    protected void ChangeIdentity(Action<int> announce)
    {
        lock (_reloading)
        {
            announce(Identity + 1);
            Set("ClientId", (Identity + 1).ToString(CultureInfo.InvariantCulture));
            Identity++;
        }
    }
}
