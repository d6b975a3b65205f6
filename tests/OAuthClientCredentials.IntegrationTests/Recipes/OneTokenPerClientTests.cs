using System.Collections.Concurrent;
using OAuthClientCredentials.IntegrationTests.Canaries;
using OAuthClientCredentials.Testing;
using Xunit.Abstractions;

namespace OAuthClientCredentials.IntegrationTests.Recipes;

/// <summary>A server that revokes a client's token when it issues the next one, and several replicas of an application.</summary>
public sealed class OneTokenPerClientTests(ITestOutputHelper output) : CanaryTests
{
    private const int Minutes = 60;

    private readonly TestTimeProvider _time = new();
    private readonly List<ServiceProvider> _replicas = [];

    public override async Task DisposeAsync()
    {
        foreach (ServiceProvider replica in _replicas)
        {
            await replica.DisposeAsync();
        }

        await base.DisposeAsync();
    }

    [Theory]
    [Trait("Req", "R-118")]
    [InlineData("one client id", 1, 0, 2)]
    [InlineData("one client id", 2, 48, 242)]
    [InlineData("one client id", 5, 77, 605)]
    [InlineData("own client ids", 2, 0, 4)]
    [InlineData("own client ids", 5, 0, 10)]
    [InlineData("shared cache", 2, 0, 2)]
    [InlineData("shared cache", 5, 0, 2)]
    public async Task Replicas_revoke_each_others_token_unless_they_share_it(string kind, int replicas, int failedPercent, int tokens)
    {
        await using TestAuthorizationServer server = new(_time) { Lifetime = TimeSpan.FromHours(1) };
        server.Always(request =>
        {
            server.RevokeTokens(request.ClientId);
            return TestResponse.Token();
        });
        using TestApi api = server.CreateApi();
        SharedCache cache = new();
        HttpClient[] clients =
        [
            .. Enumerable.Range(0, replicas).Select(number => Build(server, api, services =>
            {
                RecipeHost.AddClient(services);
                if (kind == "own client ids")
                {
                    services.Configure<ClientCredentialsOptions>("orders", options => options.ClientId = $"shop-{number}");
                }
                else if (kind == "shared cache")
                {
                    services.AddSingleton<ISharedTokenCache>(cache);
                }
            })),
        ];

        int failed = await CallEachSecondAsync(clients);
        int calls = Minutes * 60 * replicas;
        output.WriteLine($"{kind}, {replicas}: {calls} calls, {failed} failed, {api.Unauthorized} 401s, {server.Requests.Count} tokens");
        Assert.Equal(failedPercent, failed * 100.0 / calls, tolerance: failedPercent * 0.05);
        Assert.InRange(server.Requests.Count, tokens * 0.95, tokens * 1.05);
        if (failedPercent == 0)
        {
            // Each other replica gets one 401, and then the token from the shared cache. A renewal may also revoke the token of a call.
            Assert.InRange(api.Unauthorized, kind == "shared cache" ? replicas - 1 : 0, replicas);
        }
    }

    private async Task<int> CallEachSecondAsync(HttpClient[] clients)
    {
        int failed = 0;
        for (int second = 0; second < Minutes * 60; second++)
        {
            foreach (HttpClient client in clients)
            {
                using HttpResponseMessage response = await client.GetAsync("/");
                failed += response.IsSuccessStatusCode ? 0 : 1;
            }

            _time.Advance(TimeSpan.FromSeconds(1));
            while (_replicas.Exists(IsRenewing))
            {
                await Task.Yield();
            }
        }

        return failed;
    }

    // Otherwise a renewal in the background would take minutes of the test's clock.
    private static bool IsRenewing(ServiceProvider replica) =>
        replica.GetRequiredService<TokenProvider>().GetStatus("orders").State == ClientState.Renewing;

    private HttpClient Build(TestAuthorizationServer server, TestApi api, Action<IServiceCollection> add)
    {
        ServiceCollection services = new();
        add(services);
        services.AddHttpClient("orders", client => client.BaseAddress = new("https://orders.example.com"))
            .AddClientCredentialsHandler("orders");
        services.UseTestAuthorizationServer(server).UseTestApi("orders", api);
        ServiceProvider replica = services.BuildServiceProvider();
        _replicas.Add(replica);
        return replica.GetRequiredService<IHttpClientFactory>().CreateClient("orders");
    }

    private sealed class SharedCache : ISharedTokenCache
    {
        private readonly ConcurrentDictionary<string, AccessToken> _tokens = new();

        public async Task<AccessToken> GetOrRequestAsync(
            string key,
            AccessToken? notThisToken,
            TimeSpan timeout,
            Func<CancellationToken, Task<AccessToken>> request,
            CancellationToken cancellationToken)
        {
            if (_tokens.TryGetValue(key, out AccessToken? shared) && shared.Value != notThisToken?.Value)
            {
                return shared;
            }

            return _tokens[key] = await request(cancellationToken);
        }
    }
}
