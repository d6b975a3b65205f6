using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials.Testing;

namespace OAuthClientCredentials.Tests.House;

/// <summary>
/// Runs blocks of code of the pages against an authorization server and an API on loopback ports. Only addresses, paths of files and the
/// call of a vault are replaced.
/// </summary>
public abstract class PageRunTests : IAsyncLifetime
{
    private protected const string Authority = "https://id.example.com";
    private protected const string OrdersApi = "https://orders.example.com";

    private protected PageRunTests()
    {
        Environment.SetEnvironmentVariable("ORDERS_SECRET", "secret");
        Api = Server.CreateApi();
        (ServerAddress, ApiAddress) = ($"{Server.Listen()}", $"{Api.Listen()}".TrimEnd('/'));
    }

    private protected string Folder { get; } = Directory.CreateTempSubdirectory().FullName;

    private protected TestAuthorizationServer Server { get; } = new();

    private protected TestApi Api { get; }

    /// <summary>The issuer, which ends in a slash.</summary>
    private protected string ServerAddress { get; }

    private protected string ApiAddress { get; }

    /// <summary>The services that the blocks register in.</summary>
    private protected ServiceCollection Services { get; } = new();

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await Server.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }

    private protected static IConfiguration Settings(params (string Key, string Value)[] settings) => new ConfigurationBuilder()
        .AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create<string, string?>(setting.Key, setting.Value)))
        .Build();

    private protected void Use(params (string Key, string Value)[] settings) => Services.AddSingleton(Settings(settings));

    private protected Snippet Printed(string key)
    {
        Snippet snippet = Snippet.Of(key);
        string code = snippet.Code
            .Replace($"{Authority}/", ServerAddress, StringComparison.Ordinal)
            .Replace(Authority, ServerAddress, StringComparison.Ordinal)
            .Replace(OrdersApi, ApiAddress, StringComparison.Ordinal);
        Assert.NotEqual(snippet.Code, code);
        return snippet with { Code = code };
    }

    private protected string Write(string name, string content)
    {
        string path = Path.Combine(Folder, name);
        File.WriteAllText(path, content);
        return path.Replace('\\', '/');
    }

    private protected async Task CallAsync(string name, string address = "/orders")
    {
        await using ServiceProvider provider = Services.BuildServiceProvider();
        using HttpClient client = provider.GetRequiredService<IHttpClientFactory>().CreateClient(name);
        using HttpResponseMessage response = await client.GetAsync(new Uri(address, UriKind.RelativeOrAbsolute));
        response.EnsureSuccessStatusCode();
    }

    private protected async Task<AccessToken> GetTokenAsync(string name)
    {
        await using ServiceProvider provider = Services.BuildServiceProvider();
        return await provider.GetRequiredService<ITokenProvider>().GetTokenAsync(name);
    }
}
