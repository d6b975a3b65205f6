using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials;
using OAuthClientCredentials.Tests.Shared;

// Measures a whole process until its first token, hand-written and with the library. Each run is a separate process.
if (args is [string way, string endpoint])
{
    string token = way switch
    {
        "by-hand" => await ByHandAsync(endpoint),
        "library" => await LibraryAsync(endpoint),
        _ => await LibraryWithoutServicesAsync(endpoint),
    };
    return token.Length > 0 ? 0 : 1;
}

using LoopbackServer server = new(_ => """{"access_token":"abc","token_type":"Bearer","expires_in":3600}""");
string[] ways = ["by-hand", "library", "library-without-services"];
Dictionary<string, List<double>> times = ways.ToDictionary(way => way, _ => new List<double>());
for (int round = 0; round < 45; round++)
{
    foreach (string each in ways)
    {
        long start = Stopwatch.GetTimestamp();
        using Process process = Process.Start(Environment.ProcessPath!, [each, $"{server.Address}token"]);
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            return 1;
        }

        if (round >= 5)
        {
            times[each].Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }
    }
}

double baseline = Median(times["by-hand"]);
foreach (string each in ways)
{
    Console.WriteLine($"{each}: {Median(times[each]):0.0} ms, ratio {Median(times[each]) / baseline:0.00}");
}

return 0;

static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

static async Task<string> ByHandAsync(string endpoint)
{
    ServiceCollection services = new();
    services.AddHttpClient("token");
    await using ServiceProvider provider = services.BuildServiceProvider();
    using HttpClient client = provider.GetRequiredService<IHttpClientFactory>().CreateClient("token");
    using HttpRequestMessage request = new(HttpMethod.Post, endpoint);
    request.Content = new FormUrlEncodedContent([new("grant_type", "client_credentials")]);
    request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String("shop:secret"u8));
    using HttpResponseMessage response = await client.SendAsync(request);
    using JsonDocument document = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync());
    return document.RootElement.GetProperty("access_token").GetString()!;
}

static async Task<string> LibraryAsync(string endpoint)
{
    ServiceCollection services = new();
    services.AddClientCredentials(options => Configure(options, endpoint));
    await using ServiceProvider provider = services.BuildServiceProvider();
    return (await provider.GetRequiredService<ITokenProvider>().GetTokenAsync()).Value;
}

static async Task<string> LibraryWithoutServicesAsync(string endpoint)
{
    await using TokenProvider tokens = TokenProvider.Create(options => Configure(options, endpoint));
    return (await tokens.GetTokenAsync()).Value;
}

static void Configure(ClientCredentialsOptions options, string endpoint) =>
    (options.TokenEndpoint, options.ClientId, options.ClientSecret) = (endpoint, "shop", "secret");
