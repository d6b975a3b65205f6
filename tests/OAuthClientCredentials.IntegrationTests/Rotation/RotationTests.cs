using System.Diagnostics;
using System.Text.Json.Nodes;
using OAuthClientCredentials.IntegrationTests.Canaries;
using OAuthClientCredentials.IntegrationTests.OidcProvider;
using Xunit.Abstractions;

namespace OAuthClientCredentials.IntegrationTests.Rotation;

/// <summary>
/// Credentials change during calls without a pause, with tokens of two seconds. No call fails, and the API receives each bound token with
/// its own certificate.
/// </summary>
public sealed class RotationTests(ITestOutputHelper output) : CanaryTests
{
    [OidcProviderTheory]
    [Trait("Req", "R-074")]
    [Trait("Req", "R-146")]
    [Trait("Req", "R-152")]
    [Trait("Req", "R-312")]
    [InlineData(RotationMode.Rename)]
    [InlineData(RotationMode.SymlinkSwap)]
    public Task No_call_fails_while_the_server_accepts_both_credentials(RotationMode mode) =>
        RotateAsync(mode, async (server, client) =>
        {
            await server.RegisterAsync(client.Both);
            client.Rotate();
            await WaitForTokensAsync(server, client, 1 + await CountTokensAsync(server, client));
            await server.RegisterAsync(client.New);
            await WaitForTokensAsync(server, client, 1 + await CountTokensAsync(server, client));
        });

    [OidcProviderFact]
    [Trait("Req", "R-312")]
    public Task No_call_fails_while_certificate_and_key_do_not_match() =>
        RotateAsync(RotationMode.OneByOne, async (server, client) =>
        {
            await server.RegisterAsync(client.Both);

            // The token is renewed after about three quarters of its six seconds. Both files are there well before it expires.
            await Task.Delay(4400);
            int count = await CountTokensAsync(server, client);
            await Task.Run(client.Rotate);
            await WaitForTokensAsync(server, client, count + 1);
        });

    [OidcProviderFact]
    [Trait("Req", "R-313")]
    public Task No_call_fails_when_the_server_and_the_file_change_at_once() =>
        RotateAsync(RotationMode.Rename, async (server, client) =>
        {
            client.Rotate();
            await server.RegisterAsync(client.New);
            await WaitForTokensAsync(server, client, 2 + await CountTokensAsync(server, client));
        });

    private static RotatingClient[] Clients(RotationMode mode) => mode switch
    {
        RotationMode.OneByOne => [new RotatingCertificate("certificate 1", 6), new RotatingCertificate("certificate 2", 6)],
        _ => [new RotatingSecret(), new RotatingKey(), new RotatingCertificate(), new RotatingAssertion()],
    };

    private async Task RotateAsync(RotationMode mode, Func<OidcProviderServer, RotatingClient, Task> rotate)
    {
        await using OidcProviderServer server = await OidcProviderServer.StartAsync();
        await Task.WhenAll(Clients(mode).Select(client => RotateAsync(server, client, mode, rotate)));
    }

    private async Task RotateAsync(
        OidcProviderServer server,
        RotatingClient client,
        RotationMode mode,
        Func<OidcProviderServer, RotatingClient, Task> rotate)
    {
        using (client)
        {
            await server.RegisterAsync(client.Old);
            await using TestApplication application = client.Start(server, mode);
            await application.CallAsync();
            BackgroundCalls background = new(application);
            await rotate(server, client);

            // Calls with the last token follow.
            await Task.Delay(100);
            await background.StopAsync();
            Check(client, background, await server.RequestsAsync(client.Id), await server.CallsAsync(client.Id));
        }
    }

    private void Check(RotatingClient client, BackgroundCalls background, IReadOnlyList<JsonNode> requests, IReadOnlyList<JsonNode> calls)
    {
        int mixed = calls.Count(call => Text(call["x5t"]) != Text(call["certificate"]));
        int certificates = calls.Select(call => Text(call["certificate"])).OfType<string>().Distinct().Count();
        int rejected = requests.Count(request => (int)request["status"]! != 200);
        int unauthorized = calls.Count(call => (int)call["status"]! != 200);
        output.WriteLine($"{client.Id}: {background.Count} calls, {background.Failures.Count} failed, {unauthorized} responses 401");
        output.WriteLine($"{requests.Count} token requests ({rejected} rejected), {certificates} certificates, {mixed} mixed pairs");
        Assert.Empty(background.Failures);
        Assert.Equal(0, mixed);
        Assert.Equal(client.IsBound ? 2 : 0, certificates);
        Assert.InRange(requests.Count, 2, 15);
    }

    private static async Task WaitForTokensAsync(OidcProviderServer server, RotatingClient client, int count)
    {
        for (long start = Stopwatch.GetTimestamp(); await CountTokensAsync(server, client) < count; await Task.Delay(50))
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(30), $"The token of {client.Id} was not renewed.");
        }
    }

    private static async Task<int> CountTokensAsync(OidcProviderServer server, RotatingClient client) =>
        (await server.RequestsAsync(client.Id)).Count(request => (int)request["status"]! == 200);

    private static string? Text(JsonNode? node) => node?.GetValue<string>();
}
