using OAuthClientCredentials.IntegrationTests.Canaries;
using OAuthClientCredentials.Testing;

namespace OAuthClientCredentials.IntegrationTests.Recipes;

/// <summary>An application with a token provider, and an authorization server that numbers its tokens.</summary>
internal sealed class RecipeHost : IAsyncDisposable
{
    private readonly ServiceProvider _services;
    private int _tokens;

    /// <param name="add">Adds services.</param>
    /// <param name="prefix">The start of each token. A database logs what its administrator writes, so its tokens are not canaries.</param>
    public RecipeHost(Action<IServiceCollection>? add = null, string prefix = Canary.Marker)
    {
        Server.Always(_ => TestResponse.Token(value: $"{prefix}-{Interlocked.Increment(ref _tokens)}"));
        ServiceCollection services = new();
        services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(Canary.Listeners.Logger));
        AddClient(services);
        add?.Invoke(services);
        _services = services.UseTestAuthorizationServer(Server).BuildServiceProvider();
    }

    public TestAuthorizationServer Server { get; } = new();

    public IServiceProvider Services => _services;

    public ITokenProvider Tokens => _services.GetRequiredService<ITokenProvider>();

    /// <summary>Adds the client that each recipe uses.</summary>
    public static void AddClient(IServiceCollection services) => services.AddClientCredentials("orders", options =>
    {
        options.TokenEndpoint = "https://id.example.com/token";
        options.ClientId = "shop";
        options.ClientSecret = Canary.Marker;
    });

    public async ValueTask DisposeAsync()
    {
        await _services.DisposeAsync();
        await Server.DisposeAsync();
    }
}
