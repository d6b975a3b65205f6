using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Hosting;

/// <summary>A host with clients, over a scripted server and its fake clock. A test starts it.</summary>
internal sealed class TestWorker : IAsyncDisposable
{
    public TestWorker(Action<IServiceCollection> register, params (string Key, string? Value)[] settings)
    {
        HostApplicationBuilder builder = Microsoft.Extensions.Hosting.Host.CreateApplicationBuilder();
        builder.Configuration.AddInMemoryCollection(
            settings.Select(setting => KeyValuePair.Create($"ClientCredentials:{setting.Key}", setting.Value)));
        register(builder.Services);
        builder.Services.UseTestAuthorizationServer(Server);
        Host = builder.Build();
    }

    public TestAuthorizationServer Server { get; } = new(new TestTimeProvider()) { Lifetime = TimeSpan.FromSeconds(100) };

    public TestTimeProvider Time => (TestTimeProvider)Server.TimeProvider;

    public IHost Host { get; }

    public TokenProvider Tokens => Host.Services.GetRequiredService<TokenProvider>();

    private IConfigurationRoot Configuration => (IConfigurationRoot)Host.Services.GetRequiredService<IConfiguration>();

    /// <summary>A host with clients that all have the same options.</summary>
    public static TestWorker WithClients(Action<ClientCredentialsOptions> configure, params string[] names) =>
        new(services => Array.ForEach(names, name => TestProvider.AddClient(services, name, configure)));

    /// <summary>Advances the clock second by second, and waits in each until no request of these clients is under way.</summary>
    public async Task RunAsync(TimeSpan time, Action? eachSecond = null, params string[] clients)
    {
        for (int second = 0; second < time.TotalSeconds; second++)
        {
            Time.Advance(TimeSpan.FromSeconds(1));
            await SettleAsync(clients);
            eachSecond?.Invoke();
        }
    }

    public async Task SettleAsync(params string[] clients)
    {
        foreach (string client in clients)
        {
            await Eventually.True(() => !Tokens.IsInFlight(client));
        }
    }

    /// <summary>Changes the configuration and reloads it once.</summary>
    public void Reload(params (string Key, string? Value)[] settings)
    {
        foreach ((string key, string? value) in settings)
        {
            Configuration[$"ClientCredentials:{key}"] = value;
        }

        Configuration.Reload();
    }

    public ValueTask DisposeAsync() => ((IAsyncDisposable)Host).DisposeAsync();
}
