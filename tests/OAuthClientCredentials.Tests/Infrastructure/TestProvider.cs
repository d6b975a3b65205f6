using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OAuthClientCredentials.Testing;

namespace OAuthClientCredentials.Tests.Infrastructure;

/// <summary>
/// A token provider as an application registers it, over a scripted server and its clock, which is a fake one by default.
/// </summary>
internal sealed class TestProvider : IAsyncDisposable
{
    public const string TokenEndpoint = "https://id.example.com/token";

    private TokenProvider? _tokens;

    /// <summary>One client described in code: the default client.</summary>
    public TestProvider(
        Action<ClientCredentialsOptions>? configure = null,
        TestAuthorizationServer? server = null,
        HttpMessageHandler? handler = null,
        ILoggerProvider? log = null)
        : this(services => AddClient(services, "", configure), server, handler, log)
    {
    }

    private TestProvider(
        Action<IServiceCollection> register,
        TestAuthorizationServer? server = null,
        HttpMessageHandler? handler = null,
        ILoggerProvider? log = null)
    {
        Server = server ?? new(new TestTimeProvider());
        ServiceCollection services = new();
        register(services);
        services.UseTestAuthorizationServer(Server);
        if (handler is not null)
        {
            services.AddHttpClient(TokenClient.HttpClientName).ConfigurePrimaryHttpMessageHandler(() => handler);
        }

        if (log is not null)
        {
            services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(log));
        }

        Services = services.BuildServiceProvider(new ServiceProviderOptions { ValidateOnBuild = true, ValidateScopes = true });
    }

    public TestAuthorizationServer Server { get; }

    public TestTimeProvider Time => (TestTimeProvider)Server.TimeProvider;

    public ServiceProvider Services { get; }

    public TokenProvider Tokens => _tokens ??= Services.GetRequiredService<TokenProvider>();

    public IConfigurationRoot Configuration => (IConfigurationRoot)Services.GetRequiredService<IConfiguration>();

    /// <summary>Named clients described in code.</summary>
    public static TestProvider WithClients(
        TestAuthorizationServer? server,
        params (string Name, Action<ClientCredentialsOptions>? Configure)[] clients) =>
        WithServices(services => Array.ForEach(clients, client => AddClient(services, client.Name, client.Configure)), server);

    /// <summary>Clients in configuration. The keys are below the section <c>ClientCredentials</c>.</summary>
    public static TestProvider FromConfiguration(
        IEnumerable<(string Key, string? Value)> settings,
        Action<IServiceCollection>? register = null,
        TestAuthorizationServer? server = null,
        HttpMessageHandler? handler = null,
        ILoggerProvider? log = null) =>
        WithServices(
            services =>
            {
                IEnumerable<KeyValuePair<string, string?>> pairs =
                    settings.Select(setting => KeyValuePair.Create($"ClientCredentials:{setting.Key}", setting.Value));
                services.AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(pairs).Build());
                services.AddClientCredentials();
                register?.Invoke(services);
            },
            server,
            handler,
            log);

    /// <summary>Whatever an application registers.</summary>
    public static TestProvider WithServices(
        Action<IServiceCollection> register,
        TestAuthorizationServer? server = null,
        HttpMessageHandler? handler = null,
        ILoggerProvider? log = null) => new(register, server, handler, log);

    /// <summary>Registers a valid client, whose <c>client_id</c> is its name, or <c>shop</c> for the default client.</summary>
    public static void AddClient(IServiceCollection services, string name, Action<ClientCredentialsOptions>? configure = null) =>
        services.AddClientCredentials(name, options =>
        {
            Configure(options, name.Length == 0 ? "shop" : name);
            configure?.Invoke(options);
        });

    /// <summary>The options of a valid client that does not retry.</summary>
    public static void Configure(ClientCredentialsOptions options, string clientId = "shop") =>
        (options.TokenEndpoint, options.ClientId, options.ClientSecret, options.MaxRetries) = (TokenEndpoint, clientId, "secret", 0);

    /// <summary>A request for another scope than the client's.</summary>
    public static TokenRequest Scope(string scope) => new() { Scopes = [scope] };

    /// <summary>The configuration of a valid client that does not retry: a named client, or the default client.</summary>
    public static (string Key, string? Value)[] Settings(string name, string clientId = "shop")
    {
        string path = name.Length == 0 ? "" : $"{name}:";
        return
        [
            ($"{path}TokenEndpoint", TokenEndpoint),
            ($"{path}ClientId", clientId),
            ($"{path}ClientSecret", "canary"),
            ($"{path}AuthenticationMethod", "client_secret_post"),
            ($"{path}MaxRetries", "0"),
        ];
    }

    public async Task<string> GetAsync(string clientName = "", TokenRequest? request = null) =>
        (await Tokens.GetTokenAsync(clientName, request)).Value;

    public Task<TokenRequestException> FailAsync(string clientName = "", TokenRequest? request = null) =>
        Assert.ThrowsAsync<TokenRequestException>(() => GetAsync(clientName, request));

    /// <summary>Gets a token, and waits until the server received this many requests and a renewal in the background has ended.</summary>
    public async Task<string> GetAndSettleAsync(int requests)
    {
        string token = await GetAsync();
        await Eventually.True(() => Server.Requests.Count == requests);
        await SettleAsync();
        return token;
    }

    /// <summary>Gets a token, waits for a renewal in the background and advances the clock, again and again.</summary>
    public async Task GetEveryAsync(TimeSpan interval, int calls)
    {
        for (int call = 0; call < calls; call++)
        {
            await GetAsync();
            await SettleAsync();
            Time.Advance(interval);
        }
    }

    /// <summary>Expects an error and advances the clock, again and again.</summary>
    public async Task FailEveryAsync(TimeSpan interval, int calls, TokenRequest? request = null)
    {
        for (int call = 0; call < calls; call++)
        {
            await FailAsync("", request);
            Time.Advance(interval);
        }
    }

    /// <summary>Waits until no token request is under way.</summary>
    public Task SettleAsync(string clientName = "", TokenRequest? request = null) =>
        Eventually.True(() => !Tokens.IsInFlight(clientName, request));

    public ClientCredentialsOptions Options(string name) =>
        Services.GetRequiredService<IOptionsMonitor<ClientCredentialsOptions>>().Get(name);

    /// <summary>Validates the options as a host does at start, and returns the failures.</summary>
    public string[] ValidateOnStart()
    {
        Exception? exception = Record.Exception(Services.GetRequiredService<IStartupValidator>().Validate);
        return [.. Assert.IsType<OptionsValidationException>(exception ?? new OptionsValidationException("", typeof(object), [])).Failures];
    }

    /// <summary>Changes one value of the configuration and reloads it.</summary>
    public void Reload(string key, string? value)
    {
        Configuration[$"ClientCredentials:{key}"] = value;
        Configuration.Reload();
    }

    public ValueTask DisposeAsync() => Services.DisposeAsync();
}
