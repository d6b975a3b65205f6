using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials.Testing;
using Xunit;

/// <summary>A test in addition to those of the package's README: the secret of a running application is replaced.</summary>
public sealed class RotationTests : IDisposable
{
    private readonly string _file = Path.GetTempFileName();
    private readonly TestTimeProvider _time = new();
    private readonly TestAuthorizationServer _server;
    private readonly TestClient _client;
    private readonly HttpClient _orders;

    public RotationTests()
    {
        File.WriteAllText(_file, "old");
        _server = new(_time);
        _client = _server.AddClient("shop", "old").WithLifetime(TimeSpan.FromMinutes(10));
        ServiceCollection services = new();
        services.AddClientCredentials("orders", o =>
            (o.TokenEndpoint, o.ClientId, o.ClientSecretFile) = ("https://id.example.com/token", "shop", _file));
        services.AddHttpClient("orders", c => c.BaseAddress = new("https://orders.example.com")).AddClientCredentialsHandler("orders");
        services.UseTestAuthorizationServer(_server).UseTestApi("orders", _server.CreateApi());
        _orders = services.BuildServiceProvider().GetRequiredService<IHttpClientFactory>().CreateClient("orders");
    }

    public void Dispose() => File.Delete(_file);

    [Fact]
    public async Task A_rotated_secret_fails_no_call()
    {
        await _orders.GetStringAsync("/");
        File.WriteAllText(_file, "new");
        _client.AddSecret("new").RemoveSecret("old");
        _time.Advance(TimeSpan.FromMinutes(11));
        await _orders.GetStringAsync("/");
        _server.Verify(1, request => request.Used("new"));
    }
}
