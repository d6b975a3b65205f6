using System.Text.Json.Nodes;
using OAuthClientCredentials.IntegrationTests.Canaries;
using OAuthClientCredentials.IntegrationTests.Methods;
using OAuthClientCredentials.IntegrationTests.OidcProvider;
using Xunit.Abstractions;

namespace OAuthClientCredentials.IntegrationTests.DPoP;

/// <summary>Many calls at once while the nonces of two origins change.</summary>
[Collection(nameof(DPoPServers))]
public sealed class ConcurrencyTests(DPoPServers servers, ITestOutputHelper output) : CanaryTests
{
    private const int CallsPerOrigin = 500;
    private const int MaxConnections = 50;

    // With fewer connections than calls, most requests wait in a queue after their proof was made. The server accepts a nonce for at least
    // 700 requests, which is more than the queue has. So the nonce of a retry is always accepted.
    private static readonly JsonObject Rotating = new() { ["period"] = 50, ["window"] = 15 };

    private static readonly string[] Ends = ["api", "mtlsApi"];

    [OidcProviderFact]
    [Trait("Req", "R-165")]
    [Trait("Req", "R-166")]
    public async Task Thousand_calls_at_two_origins_do_not_fail_when_nonces_change()
    {
        await servers.Oidc.SetNoncesAsync("provider", NonceMode.Never.Rules);
        using MethodClient client = await servers.RegisterAsync("private_key_jwt");
        await using ServiceProvider services = CreateServices(client);
        Uri[] apis = [servers.Oidc.Api, servers.Oidc.MtlsApi];
        foreach (string end in Ends)
        {
            await servers.Oidc.SetNoncesAsync(end, Rotating);
        }

        await Task.WhenAll(apis.Select(api => CallAsync(services, api)));
        for (int wave = 1; wave <= 2; wave++)
        {
            int before = (await servers.Oidc.CallsAsync(client.Id)).Count;
            foreach (string end in Ends)
            {
                // None of the previous nonces is accepted.
                await servers.Oidc.RotateNonceAsync(end);
            }

            await Task.WhenAll(Enumerable.Range(0, CallsPerOrigin).SelectMany(_ => apis.Select(api => CallAsync(services, api))));
            Check((await servers.Oidc.CallsAsync(client.Id)).Skip(before));
        }

        Assert.Single(await servers.Oidc.RequestsAsync(client.Id));
    }

    private static async Task CallAsync(ServiceProvider services, Uri api)
    {
        HttpClient http = services.GetRequiredService<IHttpClientFactory>().CreateClient(api.Scheme);
        using HttpResponseMessage response = await http.GetAsync(api);
        response.EnsureSuccessStatusCode();
    }

    private void Check(IEnumerable<JsonNode> calls)
    {
        IGrouping<bool, JsonNode>[] origins = [.. calls.GroupBy(call => (bool)call["mtls"]!)];
        Assert.Equal(Ends.Length, origins.Length);
        Assert.All(origins, origin =>
        {
            int accepted = origin.Count(call => (int)call["status"]! == 200);
            int challenges = origin.Count(call => (string?)call["error"] == "use_dpop_nonce");
            output.WriteLine($"{(origin.Key ? "https" : "http")}: {accepted} calls accepted, {challenges} challenges");
            Assert.Equal((CallsPerOrigin, origin.Count()), (accepted, accepted + challenges));
            Assert.InRange(challenges, 1, CallsPerOrigin);
        });
    }

    private ServiceProvider CreateServices(MethodClient client)
    {
        ServiceCollection services = new();
        services.AddLogging(logging => logging.AddProvider(Canary.Listeners.Logger));
        services.AddClientCredentials("api", options =>
        {
            client.Configure(options);
            (options.TokenEndpoint, options.AssertionAudience) = (servers.Oidc.TokenEndpoint, servers.Oidc.Issuer);
            options.DPoPBoundAccessTokens = true;
        }).AddJwtAuthentication();
        foreach (Uri api in new[] { servers.Oidc.Api, servers.Oidc.MtlsApi })
        {
            services.AddHttpClient(api.Scheme, http => http.BaseAddress = api)
                .ConfigurePrimaryHttpMessageHandler(CreateHandler)
                .AddClientCredentialsHandler("api");
        }

        return services.BuildServiceProvider();
    }

    private SocketsHttpHandler CreateHandler()
    {
        SocketsHttpHandler handler = servers.Oidc.CreateHandler();
        handler.MaxConnectionsPerServer = MaxConnections;
        return handler;
    }
}
