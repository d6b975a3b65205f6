using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Clients;

/// <summary>An application whose clients stand in configuration, over a scripted token endpoint.</summary>
internal sealed class Configured : IAsyncDisposable
{
    public Configured(IEnumerable<(string Key, string? Value)> settings, Action<IServiceCollection>? more = null)
    {
        Configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create($"ClientCredentials:{setting.Key}", setting.Value)))
            .Build();
        ServiceCollection services = new();
        services.AddSingleton<IConfiguration>(Configuration);
        services.AddSingleton<TimeProvider>(Time);
        services.AddClientCredentials().ConfigureHttpClient(http => http.ConfigurePrimaryHttpMessageHandler(Endpoint.CreateHandler));
        more?.Invoke(services);
        Services = services.BuildServiceProvider(new ServiceProviderOptions { ValidateOnBuild = true, ValidateScopes = true });
    }

    public IConfigurationRoot Configuration { get; }

    public TestTimeProvider Time { get; } = new();

    public TestAuthorizationServer Endpoint { get; } = new();

    public ServiceProvider Services { get; }

    public ITokenProvider Tokens => Services.GetRequiredService<ITokenProvider>();

    /// <summary>A client that is valid, under a name or directly under the section.</summary>
    public static (string Key, string? Value)[] Client(string name, string id = "shop")
    {
        string path = name.Length == 0 ? "" : $"{name}:";
        return [($"{path}TokenEndpoint", "https://id.example.com/token"), ($"{path}ClientId", id), ($"{path}ClientSecret", "canary"), ($"{path}AuthenticationMethod", "client_secret_post"), ($"{path}MaxRetries", "0")];
    }

    public ClientCredentialsOptions Options(string name) => Services.GetRequiredService<IOptionsMonitor<ClientCredentialsOptions>>().Get(name);

    /// <summary>What the host does at start; the failures, one a line.</summary>
    public string[] Start()
    {
        try
        {
            Services.GetRequiredService<IStartupValidator>().Validate();
            return [];
        }
        catch (OptionsValidationException exception)
        {
            return [.. exception.Failures];
        }
    }

    public void Reload(string key, string? value)
    {
        Configuration[$"ClientCredentials:{key}"] = value;
        Configuration.Reload();
    }

    public ValueTask DisposeAsync() => Services.DisposeAsync();
}
