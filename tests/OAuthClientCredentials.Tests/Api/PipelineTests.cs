using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Api;

/// <summary>The handler among other handlers: its position, its lifetime, and what it shares.</summary>
public sealed class PipelineTests
{
    [Fact]
    [Trait("Req", "R-123")]
    public async Task The_handler_is_innermost_so_that_each_attempt_gets_the_current_token()
    {
        List<string?> seen = [];
        NumberedTokens tokens = new();
        await using ApiClient api = new(
            tokens,
            request =>
            {
                seen.Add(request.Headers.Authorization?.Parameter);
                tokens.Next();
                return ApiClient.Respond(503);
            },
            outside: builder => builder.AddHttpMessageHandler(() => new OuterHandler(async (request, send) =>
            {
                (await send(request)).Dispose();
                (await send(request)).Dispose();
                return await send(request);
            })));
        (await api.Http.GetAsync("/")).Dispose();
        Assert.Equal(["token-1", "token-2", "token-3"], seen);
    }

    [Fact]
    [Trait("Req", "R-098")]
    [Trait("Req", "R-123")]
    [Trait("Req", "R-347")]
    public async Task Retries_around_the_handler_do_not_multiply_failed_token_requests()
    {
        int sends = 0;
        TestAuthorizationServer server = new();
        server.Always(TestResponse.Unavailable());
        await using ApiClient api = new(
            server,
            _ =>
            {
                sends++;
                return ApiClient.Respond(200);
            },
            outside: builder => builder.AddStandardResilienceHandler(options => options.Retry.Delay = TimeSpan.FromMilliseconds(1)),
            client: options => options.MaxRetries = 2);
        for (int call = 0; call < 20; call++)
        {
            TokenRequestException exception = await Assert.ThrowsAsync<TokenRequestException>(() => api.Http.GetAsync("/"));
            Assert.Contains("503", exception.Message, StringComparison.Ordinal);
        }

        Assert.Equal(0, sends);
        server.Verify(3);
    }

    // It would be retried and would open the circuit if TokenRequestException derived from HttpRequestException.
    [Fact]
    [Trait("Req", "R-347")]
    public async Task A_token_error_is_not_retried_and_opens_no_circuit()
    {
        int passes = 0;
        TestAuthorizationServer server = new();
        server.Outage();
        await using ApiClient api = new(
            server,
            _ => ApiClient.Respond(200),
            outside: builder =>
            {
                builder.AddStandardResilienceHandler(options =>
                {
                    options.Retry.Delay = TimeSpan.FromMilliseconds(1);
                    options.CircuitBreaker.MinimumThroughput = 2;
                });
                builder.AddHttpMessageHandler(() => new OuterHandler((request, send) =>
                {
                    passes++;
                    return send(request);
                }));
            });
        for (int call = 1; call <= 10; call++)
        {
            await Assert.ThrowsAsync<TokenRequestException>(() => api.Http.GetAsync("/"));
            Assert.Equal(call, passes);
        }
    }

    [Fact]
    [Trait("Req", "R-124")]
    public async Task Two_clients_in_two_scopes_never_mix()
    {
        TestAuthorizationServer server = new();
        server.Always(request => TestResponse.Token(value: $"{request.ClientId}-{request["scope"]}"));
        ConcurrentQueue<(string Path, string? Token)> seen = new();
        StubHandler handler = new(request =>
        {
            seen.Enqueue((request.RequestUri!.AbsolutePath, request.Headers.Authorization?.Parameter));
            return new(HttpStatusCode.OK);
        });
        ServiceCollection services = new();
        foreach (string tenant in new[] { "a", "b" })
        {
            TestProvider.AddClient(services, tenant);
            services.AddHttpClient(tenant, client => client.BaseAddress = ApiClient.Address)
                .ConfigurePrimaryHttpMessageHandler(() => handler)
                .AddClientCredentialsHandler(tenant);
        }

        await using ServiceProvider provider = services.UseTestAuthorizationServer(server).BuildServiceProvider(validateScopes: true);
        await Parallel.ForAsync(0, 200, async (call, cancellationToken) =>
        {
            await using AsyncServiceScope scope = provider.CreateAsyncScope();
            string tenant = call % 2 == 0 ? "a" : "b";
            using HttpRequestMessage request = new(HttpMethod.Get, $"/{tenant}/{call % 3}");
            request.SetTokenRequest(new() { Scopes = [$"{call % 3}"] });
            HttpClient client = scope.ServiceProvider.GetRequiredService<IHttpClientFactory>().CreateClient(tenant);
            (await client.SendAsync(request, cancellationToken)).Dispose();
        });
        Assert.Equal(200, seen.Count);
        Assert.All(seen, call => Assert.Equal(call.Path[1..].Replace('/', '-'), call.Token));
        server.Verify(6);
    }

    [Fact]
    [Trait("Req", "R-104")]
    public async Task A_renewal_in_the_background_outlives_the_scope_of_the_call()
    {
        TestTimeProvider time = new();
        TestAuthorizationServer server = new(time) { Lifetime = TimeSpan.FromSeconds(60) };
        await using ApiClient api = new(server, _ => ApiClient.Respond(200));
        for (int call = 0; call < 2; call++)
        {
            time.Advance(TimeSpan.FromSeconds(55));
            await using AsyncServiceScope scope = api.Services.CreateAsyncScope();
            (await scope.ServiceProvider.GetRequiredService<IHttpClientFactory>().CreateClient("api").GetAsync("/")).Dispose();
        }

        await Eventually.True(() => server.Requests.Count == 2);
    }

    [Fact]
    [Trait("Req", "R-125")]
    public async Task An_HttpClient_kept_for_a_day_always_has_a_fresh_token()
    {
        TestTimeProvider time = new();
        TestAuthorizationServer server = new(time);
        HashSet<string?> seen = [];
        await using ApiClient api = new(server, request =>
        {
            seen.Add(request.Headers.Authorization?.Parameter);
            return ApiClient.Respond(200);
        });
        TokenProvider provider = api.Services.GetRequiredService<TokenProvider>();
        for (int call = 0; call < 24 * 6; call++)
        {
            (await api.Http.GetAsync("/")).Dispose();
            await Eventually.True(() => !provider.IsInFlight("orders"));
            time.Advance(TimeSpan.FromMinutes(10));
        }

        Assert.InRange(server.Requests.Count, 24, 32);
        Assert.InRange(seen.Count, 24, 32);
    }
}
