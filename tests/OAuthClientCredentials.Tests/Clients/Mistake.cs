using System.Net;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Clients;

/// <summary>A mistake in an application whose HttpClient <c>orders</c> uses the client <c>orders</c> from configuration.</summary>
/// <param name="What">The mistake, for the page.</param>
/// <param name="Changes">The configuration that differs. A key without a section is an option of the client.</param>
internal sealed record Mistake(string What, params (string Key, string? Value)[] Changes)
{
    /// <summary>The value of an option that is not configured.</summary>
    public const string Remove = "\0";

    private const string Client = "ClientCredentials:orders:";

    /// <summary>Registers the services, instead of the usual ones.</summary>
    public Action<IServiceCollection, IConfiguration> Register { get; init; } = static (services, _) =>
    {
        services.AddClientCredentials();
        AddHttpClient(services);
    };

    /// <summary>The content of a file. <c>{file}</c> in a value is its path.</summary>
    public string File { get; init; } = "";

    /// <summary>The response of the token endpoint, if it is not a token.</summary>
    public TestResponse? TokenResponse { get; init; }

    /// <summary>The issuer that the metadata names.</summary>
    public string? Issuer { get; init; }

    /// <summary>The address of the API request.</summary>
    public string Address { get; init; } = "https://orders.example.com/";

    public static void AddHttpClient(IServiceCollection services, string? clientName = "orders") =>
        services.AddHttpClient("orders", client => client.BaseAddress = new("https://orders.example.com"))
            .AddClientCredentialsHandler(clientName);

    /// <summary>The errors at start, one a line, or otherwise that of the first call, or that there is none.</summary>
    public async Task<string> MessageAsync()
    {
        using TemporaryFile file = new(File);
        Dictionary<string, string?> settings = new(StringComparer.OrdinalIgnoreCase)
        {
            [$"{Client}TokenEndpoint"] = TestProvider.TokenEndpoint,
            [$"{Client}ClientId"] = "shop",
            [$"{Client}ClientSecret"] = "secret",
        };
        foreach ((string key, string? value) in Changes)
        {
            string path = key.Replace("__", ":", StringComparison.Ordinal);
            bool isOption = !path.StartsWith("ClientCredential", StringComparison.OrdinalIgnoreCase)
                && !path.StartsWith("My", StringComparison.Ordinal);
            if (isOption)
            {
                path = $"{Client}{path}";
            }

            settings[path] = value?.Replace("{file}", file.Path, StringComparison.Ordinal);
            if (value == Remove)
            {
                settings.Remove(path);
            }
        }

        IConfiguration configuration = new ConfigurationBuilder().AddInMemoryCollection(settings).Build();
        ServiceCollection services = new();
        services.AddSingleton(configuration);
        Register(services, configuration);
        TestAuthorizationServer server = new(new TestTimeProvider());
        if (TokenResponse is not null)
        {
            server.Always(TokenResponse);
        }

        services.UseTestAuthorizationServer(server).UseTestApi("orders", server.CreateApi());
        if (Issuer is not null)
        {
            string metadata = $$"""{"issuer":"{{Issuer}}","token_endpoint":"https://id.example.com/token"}""";
            services.AddHttpClient(TokenClient.HttpClientName).ConfigurePrimaryHttpMessageHandler(
                () => new StubHandler(_ => Respond.Json(HttpStatusCode.OK, metadata)));
        }

        await using ServiceProvider provider = services.BuildServiceProvider();
        Exception? exception = Record.Exception(provider.GetRequiredService<IStartupValidator>().Validate)
            ?? await Record.ExceptionAsync(() => CallAsync(provider));
        string message = exception switch
        {
            null => "(no error)",
            OptionsValidationException invalid => string.Join('\n', invalid.Failures),
            _ => exception.Message,
        };
        return message.Split(" The next attempt")[0].Replace(file.Path, "/run/secrets/orders", StringComparison.Ordinal);
    }

    private async Task CallAsync(ServiceProvider provider)
    {
        using HttpClient client = provider.GetRequiredService<IHttpClientFactory>().CreateClient("orders");
        using HttpResponseMessage response = await client.GetAsync(new Uri(Address, UriKind.RelativeOrAbsolute));
    }
}
