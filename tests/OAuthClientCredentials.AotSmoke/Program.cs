using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials;

using TestServer server = new();
bool passed = true;

IConfiguration configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
{
    ["ClientCredentials:orders:TokenEndpoint"] = $"{server.Address}token",
    ["ClientCredentials:orders:ClientId"] = "shop",
    ["ClientCredentials:orders:ClientSecret"] = "right",
    ["ClientCredentials:orders:Scopes:0"] = "orders.read",
    ["ClientCredentials:orders:Timeout"] = "00:00:20",
    ["ClientCredentials:wrong:TokenEndpoint"] = $"{server.Address}token",
    ["ClientCredentials:wrong:ClientId"] = "shop",
    ["ClientCredentials:wrong:ClientSecret"] = "mistaken-secret",
}).Build();
ServiceCollection services = new();
services.AddSingleton(configuration);
services.AddClientCredentials();
services.AddHttpClient("orders", client => client.BaseAddress = server.Address).AddClientCredentialsHandler("orders");
services.AddHttpClient("wrong", client => client.BaseAddress = server.Address).AddClientCredentialsHandler("wrong");
await using ServiceProvider provider = services.BuildServiceProvider();
IHttpClientFactory clients = provider.GetRequiredService<IHttpClientFactory>();

Check("the first call has a token", await CallAsync() && server.TokenRequests == 1);
double firstToken = (DateTime.Now - Process.GetCurrentProcess().StartTime).TotalMilliseconds;
Check("the second call uses the cached token", await CallAsync() && server.TokenRequests == 1);
server.RevokedUpTo = 1;
Check("a 401 renews the token once", await CallAsync() && server.TokenRequests == 2);
Check("a wrong secret is an error without the secret", await FailsAsync());
await KeysAndCertificates.RunAsync(server, Check);
await DPoPTokens.RunAsync(Check);
await SharedTokens.RunAsync(server, Check);
Console.WriteLine($"{RuntimeInformation.FrameworkDescription}, first token {firstToken:0} ms after the process started");
return passed ? 0 : 1;

void Check(string what, bool holds)
{
    passed &= holds;
    Console.WriteLine($"{(holds ? "ok" : "FAILED")}: {what}");
}

async Task<bool> CallAsync()
{
    using HttpResponseMessage response = await clients.CreateClient("orders").GetAsync("/orders");
    return response.IsSuccessStatusCode;
}

async Task<bool> FailsAsync()
{
    try
    {
        using HttpResponseMessage response = await clients.CreateClient("wrong").GetAsync("/orders");
        return false;
    }
    catch (TokenRequestException exception)
    {
        return exception.Error == "invalid_client" && !exception.ToString().Contains("mistaken", StringComparison.Ordinal);
    }
}
