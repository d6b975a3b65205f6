using System.Security.Cryptography;
using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials;
using OAuthClientCredentials.Testing;

// An application outside the repository that installed the packages. It gets tokens with a secret and with a key over real sockets.
await using TestAuthorizationServer server = new();
string issuer = server.Listen().ToString();
using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

ServiceCollection services = new();
services.AddClientCredentials("secret", options =>
{
    options.TokenEndpoint = $"{issuer}token";
    options.ClientId = "shop";
    options.ClientSecret = "secret";
});
services.AddClientCredentials("key", options =>
{
    options.Authority = issuer;
    options.ClientId = "shop";
    options.PrivateKey = key.ExportPkcs8PrivateKeyPem();
}).AddJwtAuthentication();
foreach (string client in new[] { "secret", "key" })
{
    services.AddHttpClient(client, http => http.BaseAddress = new("https://api.example.com")).AddClientCredentialsHandler(client);
    services.UseTestApi(client, server.CreateApi());
}

await using ServiceProvider provider = services.BuildServiceProvider();
IHttpClientFactory clients = provider.GetRequiredService<IHttpClientFactory>();
await clients.CreateClient("secret").GetStringAsync("/");
await clients.CreateClient("key").GetStringAsync("/");
string methods = string.Join(", ", server.Requests.Select(request => request.AuthenticationMethod));
Console.WriteLine($"The API accepted tokens by {methods}");
return methods == "client_secret_basic, private_key_jwt" ? 0 : 1;
