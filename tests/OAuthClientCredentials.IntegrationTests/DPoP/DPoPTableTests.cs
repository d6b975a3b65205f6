using System.Net;
using System.Text.Json.Nodes;
using OAuthClientCredentials.IntegrationTests.Canaries;
using OAuthClientCredentials.IntegrationTests.Methods;
using OAuthClientCredentials.IntegrationTests.OidcProvider;
using Xunit.Abstractions;

namespace OAuthClientCredentials.IntegrationTests.DPoP;

/// <summary>
/// Bound tokens with two authentication methods, every algorithm and every use of nonces, at servers of other projects. Apache supports
/// neither EdDSA nor nonces, which the authorization server then demands alone.
/// </summary>
[Collection(nameof(DPoPServers))]
public sealed class DPoPTableTests(DPoPServers servers, ITestOutputHelper output) : CanaryTests
{
    private static readonly string[] Methods = ["client_secret_basic", "private_key_jwt"];
    private static readonly string[] Modes = ["never", "once", "each time", "rotating"];
    private static readonly string[] PublicMembers = ["crv", "e", "kty", "n", "x", "y"];

    private static readonly (HttpMethod Method, string Path)[] Calls =
    [
        (HttpMethod.Get, "resource"),
        (HttpMethod.Get, "resource?q=1#part"),
        (HttpMethod.Post, "resource/a%20b"),
        (HttpMethod.Get, "resource/a%2Fb?q=%26"),
        (HttpMethod.Delete, "resource/ü"),
        (HttpMethod.Put, "resource/"),
    ];

    public static TheoryData<string, string, string> Rows
    {
        get
        {
            TheoryData<string, string, string> rows = [];
            foreach (string method in Methods)
            {
                foreach (string algorithm in BindingKey.Algorithms)
                {
                    Array.ForEach(Modes, mode => rows.Add(method, algorithm, mode));
                }
            }

            return rows;
        }
    }

    public static TheoryData<string, string> ApacheRows
    {
        get
        {
            TheoryData<string, string> rows = [];
            foreach (string method in Methods)
            {
                Array.ForEach(BindingKey.Algorithms[..^1], algorithm => rows.Add(method, algorithm));
            }

            return rows;
        }
    }

    /// <summary>The seventh call is rejected with invalid_token, and then sent again with a new token.</summary>
    [OidcProviderTheory]
    [Trait("Req", "R-160")]
    [Trait("Req", "R-162")]
    [Trait("Req", "R-163")]
    [Trait("Req", "R-164")]
    [Trait("Req", "R-165")]
    [Trait("Req", "R-167")]
    [MemberData(nameof(Rows))]
    public async Task Oidc_provider_and_its_API_accept_every_proof(string method, string algorithm, string nonces)
    {
        NonceMode mode = NonceMode.Named(nonces);
        await servers.Oidc.SetNoncesAsync("provider", mode.Rules);
        await servers.Oidc.SetNoncesAsync("api", mode.Rules);
        using MethodClient client = await servers.RegisterAsync(method);
        using BindingKey key = await BindingKey.CreateAsync(algorithm, servers.Oidc);
        await using TestApplication application = Start(client, key);
        foreach ((HttpMethod verb, string path) in Calls)
        {
            await SendAsync(application, verb, path);
        }

        await servers.Oidc.RevokeTokensAsync(client.Id);
        await SendAsync(application, HttpMethod.Post, "resource");

        IReadOnlyList<JsonNode> requests = await servers.Oidc.RequestsAsync(client.Id);
        IReadOnlyList<JsonNode> calls = await servers.Oidc.CallsAsync(client.Id);
        string[] errors = [.. calls.Select(call => Text(call["error"]) ?? "none")];
        Assert.Equal((mode.TokenRequests, mode.Calls), (requests.Count, calls.Count + 1));
        Assert.Equal(7, errors.Count(error => error == "none"));
        Assert.Equal(calls.Count - 7, errors.Count(error => error == "use_dpop_nonce"));
        Assert.All(calls, call => Assert.Equal("DPoP", Text(call["scheme"])));
        CheckProofs(requests, algorithm);
        Assert.Equal(requests.Count - 2, requests.Count(request => Text(request["error"]) == "use_dpop_nonce"));
        output.WriteLine($"| {method} | {algorithm} | {nonces} | {requests.Count} | {calls.Count + 1} |");
    }

    [ApacheTheory]
    [Trait("Req", "R-160")]
    [MemberData(nameof(ApacheRows))]
    public async Task Apache_accepts_every_proof(string method, string algorithm)
    {
        await servers.Oidc.SetNoncesAsync("provider", NonceMode.EachTime.Rules);
        using MethodClient client = await servers.RegisterAsync(method);
        using BindingKey key = await BindingKey.CreateAsync(algorithm, servers.Oidc);
        await using TestApplication application = Start(client, key, servers.Apache.Api);
        await application.CallAsync();
        await SendAsync(application, HttpMethod.Get, "orders?q=1");
        await SendAsync(application, HttpMethod.Post, "orders");
        CheckProofs(await servers.Oidc.RequestsAsync(client.Id), algorithm);
    }

    [OidcProviderFact]
    [Trait("Req", "R-166")]
    public async Task A_server_that_accepts_no_nonce_gets_two_requests()
    {
        JsonObject rules = new() { ["period"] = 1 };
        await servers.Oidc.SetNoncesAsync("provider", rules);
        await servers.Oidc.SetNoncesAsync("api", rules);
        using MethodClient client = await servers.RegisterAsync("private_key_jwt");
        using BindingKey key = await BindingKey.CreateAsync("ES256", servers.Oidc);
        await using (TestApplication rejected = Start(client, key))
        {
            Assert.Equal("use_dpop_nonce", (await rejected.FailAsync()).Error);
        }

        Assert.Equal(2, (await servers.Oidc.RequestsAsync(client.Id)).Count);
        await servers.Oidc.SetNoncesAsync("provider", NonceMode.Never.Rules);
        await using TestApplication application = Start(client, key);
        using HttpResponseMessage response = await application.Http.GetAsync(servers.Oidc.Api);
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal(2, (await servers.Oidc.CallsAsync(client.Id)).Count);
        Assert.Equal(3, (await servers.Oidc.RequestsAsync(client.Id)).Count);
    }

    private static void CheckProofs(IReadOnlyList<JsonNode> requests, string algorithm)
    {
        Assert.All(requests, request =>
        {
            JsonNode header = request["dpop"]!["header"]!;
            Assert.Equal(algorithm, Text(header["alg"]));
            Assert.Empty(header["jwk"]!.AsObject().Select(member => member.Key).Except(PublicMembers));
            Assert.Null(request["dpop"]!["claims"]!["ath"]);
        });
        Assert.Distinct(requests.Select(request => Text(request["dpop"]!["claims"]!["jti"])));
        Assert.Distinct(requests.Select(request => Text(request["assertion"]?["claims"]?["jti"])).OfType<string>());
    }

    private static async Task SendAsync(TestApplication application, HttpMethod method, string path)
    {
        using HttpRequestMessage request = new(method, path);
        request.Content = method == HttpMethod.Post ? new StringContent("content") : null;
        using HttpResponseMessage response = await application.Http.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    private static string? Text(JsonNode? node) => node?.GetValue<string>();

    private TestApplication Start(MethodClient client, BindingKey key, Uri? api = null) => new(
        servers.Oidc,
        options =>
        {
            client.Configure(options);
            key.Configure(options);
            options.Scopes = ["api:read"];
            options.Resources = api is null ? [] : [DPoPServers.Orders];
        },
        api: api);
}
