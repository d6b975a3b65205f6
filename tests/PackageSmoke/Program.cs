using System.Net;
using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials;

// An app outside the repository that installed the package: does it get a token and use it?
using HttpListener server = new();
int port = new Random().Next(20_000, 60_000);
server.Prefixes.Add($"http://localhost:{port}/");
server.Start();
Task serving = Task.Run(async () =>
{
    for (int request = 0; request < 2; request++)
    {
        HttpListenerContext context = await server.GetContextAsync();
        string answer = context.Request.HttpMethod == "POST" ? """{"access_token":"abc","expires_in":3600}""" : context.Request.Headers["Authorization"] ?? "nothing";
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
await using ServiceProvider provider = services.BuildServiceProvider();
string seen = await provider.GetRequiredService<IHttpClientFactory>().CreateClient("api").GetStringAsync("/");
await serving;
Console.WriteLine($"The API saw: {seen}");
return seen == "Bearer abc" ? 0 : 1;
