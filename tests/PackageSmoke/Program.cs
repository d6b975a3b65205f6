using System.Net;
using System.Security.Cryptography;
using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials;

// An app outside the repository that installed the packages: does it get tokens, by its secret and by its key, and use them?
using HttpListener server = new();
int port = new Random().Next(20_000, 60_000);
server.Prefixes.Add($"http://localhost:{port}/");
server.Start();
Task serving = Task.Run(async () =>
{
    for (int request = 0; request < 4; request++)
    {
        HttpListenerContext context = await server.GetContextAsync();
        string body = await new StreamReader(context.Request.InputStream).ReadToEndAsync();
        string token = body.Contains("client_assertion=ey", StringComparison.Ordinal) ? "signed" : "abc";
        string answer = context.Request.HttpMethod == "POST" ? $$"""{"access_token":"{{token}}","expires_in":3600}""" : context.Request.Headers["Authorization"] ?? "nothing";
        await using StreamWriter writer = new(context.Response.OutputStream);
        await writer.WriteAsync(answer);
    }
});

ServiceCollection services = new();
services.AddHttpClient("api", client => client.BaseAddress = new($"http://localhost:{port}")).AddClientCredentialsHandler(options =>
{
    options.TokenEndpoint = $"http://localhost:{port}/token";
    options.ClientId = "shop";
    options.ClientSecret = "secret";
});
using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
services.AddClientCredentials("signing", options =>
{
    options.TokenEndpoint = $"http://localhost:{port}/token";
    options.Authority = $"http://localhost:{port}";
    options.ClientId = "shop";
    options.PrivateKey = key.ExportPkcs8PrivateKeyPem();
}).AddJwtAuthentication();
services.AddHttpClient("signing", client => client.BaseAddress = new($"http://localhost:{port}")).AddClientCredentialsHandler("signing");
await using ServiceProvider provider = services.BuildServiceProvider();
IHttpClientFactory clients = provider.GetRequiredService<IHttpClientFactory>();
string seen = $"{await clients.CreateClient("api").GetStringAsync("/")}, {await clients.CreateClient("signing").GetStringAsync("/")}";
await serving;
Console.WriteLine($"The API saw: {seen}");
return seen == "Bearer abc, Bearer signed" ? 0 : 1;
