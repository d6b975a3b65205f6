using System.Diagnostics;
using System.Text.Json.Nodes;
using OAuthClientCredentials.IntegrationTests.Canaries;
using OAuthClientCredentials.IntegrationTests.OidcProvider;
using Xunit.Abstractions;

namespace OAuthClientCredentials.IntegrationTests.Rotation;

/// <summary>Credentials change while eight callers each call without a pause, with tokens of two seconds. No call fails, and no API sees a token with another certificate than its own.</summary>
public sealed class RotationTests(ITestOutputHelper output) : CanaryTests
{
    [OidcProviderTheory]
    [Trait("Req", "R-074")]
    [Trait("Req", "R-146")]
    [Trait("Req", "R-152")]
    [Trait("Req", "R-312")]
    [InlineData(Arrival.Rename)]
    [InlineData(Arrival.SymlinkSwap)]
    [InlineData(Arrival.Reload)]
    [InlineData(Arrival.Callback)]
    public Task No_call_fails_while_the_server_takes_the_old_and_the_new_and_then_the_new_only(Arrival arrival) =>
        RotateAsync(arrival, async (server, client) =>
        {
            await server.ReplaceAsync(client.Both);
            client.Rotate();
            await RenewedAsync(server, client, 1);
            await server.ReplaceAsync(client.New);
            await RenewedAsync(server, client, 2);
        });

    [OidcProviderFact]
    [Trait("Req", "R-312")]
    public Task No_call_fails_while_a_certificate_and_its_key_do_not_belong_together() =>
        RotateAsync(Arrival.OneByOne, async (server, client) =>
        {
            await server.ReplaceAsync(client.Both);

            // Nearly three quarters of the token's life, after which it is renewed; well before its end both files are there.
            await Task.Delay(4400);
            await Task.Run(client.Rotate);
            await RenewedAsync(server, client, 1);
        });

    [OidcProviderTheory]
    [Trait("Req", "R-313")]
    [InlineData(Arrival.Rename)]
    [InlineData(Arrival.Callback)]
    public Task No_call_fails_when_the_server_changes_with_the_file_at_once(Arrival arrival) =>
        RotateAsync(arrival, async (server, client) =>
        {
            client.Rotate();
            await server.ReplaceAsync(client.New);
            await RenewedAsync(server, client, 2);
        });

    private async Task RotateAsync(Arrival arrival, Func<OidcProviderServer, Rotating, Task> rotate)
    {
        Rotating[] clients = arrival == Arrival.Callback ? [new RotatingKey(), new RotatingCertificate(), new RotatingAssertion()]
            : arrival == Arrival.OneByOne ? [new RotatingCertificate("certificate 1", lifetime: 6), new RotatingCertificate("certificate 2", lifetime: 6)]
            : arrival == Arrival.Reload ? [new RotatingSecret(), new RotatingKey(), new RotatingCertificate()]
            : [new RotatingSecret(), new RotatingKey(), new RotatingCertificate(), new RotatingAssertion()];
        await using OidcProviderServer server = await OidcProviderServer.StartAsync(new OidcProviderSettings { StrictAssertions = true }, [.. clients.Select(client => client.Old)]);
        Load[] loads = await Task.WhenAll(clients.Select(client => RunAsync(server, client, arrival, rotate)));

        IReadOnlyList<JsonNode> requests = await server.RequestsAsync();
        IReadOnlyList<JsonNode> calls = await server.CallsAsync();
        foreach ((Rotating client, Load load) in clients.Zip(loads))
        {
            JsonNode[] seen = [.. calls.Where(call => Text(call["clientId"]) == client.Id)];
            JsonNode[] asked = [.. requests.Where(request => Text(request["clientId"]) == client.Id)];
            int mixed = seen.Count(call => Text(call["x5t"]) != Text(call["certificate"]));
            output.WriteLine($"{arrival} of {client.Id}: {load.Calls} calls, {load.Failures.Count} failed, {asked.Length} token requests ({asked.Count(request => (int)request["status"]! != 200)} refused), " +
                $"{seen.Select(call => Text(call["certificate"])).Distinct().Count(certificate => certificate is not null)} certificates, {mixed} mixed pairs, {seen.Count(call => (int)call["status"]! != 200)} answers 401");
            Assert.Empty(load.Failures);
            Assert.Equal(0, mixed);
            Assert.Equal(client.IsBound ? 2 : 0, seen.Select(call => Text(call["certificate"])).Distinct().Count(certificate => certificate is not null));
            Assert.InRange(asked.Length, 2, 15);
        }
    }

    private static async Task<Load> RunAsync(OidcProviderServer server, Rotating client, Arrival arrival, Func<OidcProviderServer, Rotating, Task> rotate)
    {
        using (client)
        {
            await using OidcApplication application = client.Start(server, arrival);
            await application.CallAsync();
            Load load = new(application, 8);
            await rotate(server, client);
            await load.StopAsync();
            return load;
        }
    }

    private static async Task RenewedAsync(OidcProviderServer server, Rotating client, int times)
    {
        int until = await IssuedAsync() + times;
        for (long start = Stopwatch.GetTimestamp(); await IssuedAsync() < until; await Task.Delay(50))
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(30), $"The token of {client.Id} was not renewed.");
        }

        async Task<int> IssuedAsync() => (await server.RequestsAsync()).Count(request => Text(request["clientId"]) == client.Id && (int)request["status"]! == 200);
    }

    private static string? Text(JsonNode? node) => node?.GetValue<string>();
}
