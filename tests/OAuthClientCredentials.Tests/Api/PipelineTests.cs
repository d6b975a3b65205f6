using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http.Resilience;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Api;

/// <summary>The handler among the application's own: where it stands, how long it lives, and what it leaves alone.</summary>
public sealed class PipelineTests
{
    [Theory]
    [Trait("Req", "R-123")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_handler_stands_innermost_so_that_each_attempt_takes_the_token_valid_then(bool handlerFirst)
    {
        await using LoopbackServer tokens = await LoopbackServer.StartTokenEndpointAsync();
        await using LoopbackServer api = await LoopbackServer.StartAsync(Answer(503));
        await using ServiceProvider services = Build(tokens, api, http =>
        {
            IHttpClientBuilder first = handlerFirst ? http.AddClientCredentialsHandler() : http;
            first.AddHttpMessageHandler(() => new Again(3));
            _ = handlerFirst ? first : http.AddClientCredentialsHandler();
        });
        ITokenProvider provider = services.GetRequiredService<ITokenProvider>();
        HttpClient client = services.GetRequiredService<IHttpClientFactory>().CreateClient("api");
        using HttpRequestMessage request = new(HttpMethod.Get, "/");
        request.Options.Set(Again.Between, () => provider.Forget(""));
        (await client.SendAsync(request)).Dispose();
        Assert.Equal(["Bearer token-1", "Bearer token-2", "Bearer token-3"], api.Arrivals.Select(arrival => arrival.Authorization));
    }

    [Fact]
    [Trait("Req", "R-123")]
    public async Task With_a_standard_resilience_handler_around_it_the_sends_and_token_requests_are_bounded()
    {
        await using LoopbackServer tokens = await LoopbackServer.StartTokenEndpointAsync();
        await using LoopbackServer api = await LoopbackServer.StartAsync(Answer(401));
        await using ServiceProvider services = Build(tokens, api, http => http.AddClientCredentialsHandler().AddStandardResilienceHandler(Impatient));
        HttpClient client = services.GetRequiredService<IHttpClientFactory>().CreateClient("api");
        using HttpResponseMessage response = await client.GetAsync(new Uri("/", UriKind.Relative));
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal((2, 2), (api.Arrivals.Count, tokens.Arrivals.Count));
    }

    [Fact]
    [Trait("Req", "R-098")]
    [Trait("Req", "R-123")]
    [Trait("Req", "R-347")]
    public async Task A_token_endpoint_that_is_down_is_asked_three_times_whatever_retries_stand_around()
    {
        await using LoopbackServer tokens = await LoopbackServer.StartAsync(Answer(503));
        await using LoopbackServer api = await LoopbackServer.StartAsync(Answer(200));
        await using ServiceProvider services = Build(tokens, api, http => http.AddClientCredentialsHandler().AddStandardResilienceHandler(Impatient), maxRetries: 2);
        HttpClient client = services.GetRequiredService<IHttpClientFactory>().CreateClient("api");
        for (int call = 0; call < 20; call++)
        {
            TokenRequestException exception = await Assert.ThrowsAsync<TokenRequestException>(() => client.GetAsync(new Uri("/", UriKind.Relative)));
            Assert.Contains("status 503", exception.Message, StringComparison.Ordinal);
        }

        Assert.Equal((0, 3), (api.Arrivals.Count, tokens.Arrivals.Count));
    }

    [Fact]
    [Trait("Req", "R-124")]
    public async Task Two_clients_in_two_scopes_never_mix()
    {
        await using LoopbackServer tokens = await LoopbackServer.StartAsync(async context =>
        {
            IFormCollection form = await context.Request.ReadFormAsync();
            await context.Response.WriteAsync($$"""{"access_token":"{{form["client_id"]}}-{{form["scope"]}}","expires_in":60}""");
        });
        await using LoopbackServer api = await LoopbackServer.StartAsync(Answer(200));
        ServiceCollection services = new();
        foreach (string tenant in new[] { "a", "b" })
        {
            services.AddClientCredentials(tenant, options =>
            {
                (options.TokenEndpoint, options.ClientId, options.ClientSecret, options.AuthenticationMethod) = (new Uri(tokens.Address, "/token").ToString(), tenant, "secret", "client_secret_post");
            });
            services.AddHttpClient(tenant, client => client.BaseAddress = api.Address).AddClientCredentialsHandler(tenant);
        }

        await using ServiceProvider provider = services.BuildServiceProvider(validateScopes: true);
        await Parallel.ForAsync(0, 200, async (call, cancellationToken) =>
        {
            await using AsyncServiceScope scope = provider.CreateAsyncScope();
            string tenant = call % 2 == 0 ? "a" : "b";
            using HttpRequestMessage request = new(HttpMethod.Get, $"/{tenant}/{call % 3}");
            request.SetTokenRequest(new TokenRequest { Scopes = [$"s{call % 3}"] });
            (await scope.ServiceProvider.GetRequiredService<IHttpClientFactory>().CreateClient(tenant).SendAsync(request, cancellationToken)).Dispose();
        });
        Assert.All(api.Arrivals, arrival => Assert.Equal($"Bearer {arrival.Target.Split('/')[1]}-s{arrival.Target.Split('/')[2]}", arrival.Authorization));
        Assert.Equal(6, tokens.Arrivals.Count);
    }

    [Fact]
    [Trait("Req", "R-104")]
    public async Task The_renewal_behind_needs_nothing_of_the_scope_that_a_call_was_made_in()
    {
        TestTimeProvider time = new();
        await using LoopbackServer tokens = await LoopbackServer.StartTokenEndpointAsync(60);
        await using LoopbackServer api = await LoopbackServer.StartAsync(Answer(200));
        await using ServiceProvider services = Build(tokens, api, http => http.AddClientCredentialsHandler(), time);
        for (int call = 0; call < 2; call++)
        {
            time.Advance(TimeSpan.FromSeconds(55));
            await using AsyncServiceScope scope = services.CreateAsyncScope();
            (await scope.ServiceProvider.GetRequiredService<IHttpClientFactory>().CreateClient("api").GetAsync(new Uri("/", UriKind.Relative))).Dispose();
        }

        await Eventually.True(() => tokens.Arrivals.Count == 2);
    }

    [Fact]
    [Trait("Req", "R-125")]
    public async Task One_HttpClient_kept_for_a_day_always_has_a_fresh_token()
    {
        TestTimeProvider time = new();
        await using LoopbackServer tokens = await LoopbackServer.StartTokenEndpointAsync();
        await using LoopbackServer api = await LoopbackServer.StartAsync(Answer(200));
        await using ServiceProvider services = Build(tokens, api, http => http.AddClientCredentialsHandler(), time);
        HttpClient client = services.GetRequiredService<IHttpClientFactory>().CreateClient("api");
        TokenProvider provider = services.GetRequiredService<TokenProvider>();
        for (int call = 0; call < 24 * 6; call++)
        {
            (await client.GetAsync(new Uri("/", UriKind.Relative))).Dispose();
            await Eventually.True(() => !provider.IsInFlight());
            time.Advance(TimeSpan.FromMinutes(10));
        }

        Assert.InRange(tokens.Arrivals.Count, 24, 32);
        string[] distinct = [.. api.Arrivals.Select(arrival => arrival.Authorization!).Distinct()];
        Assert.InRange(distinct.Length, 24, 32);
    }

    [Fact]
    [Trait("Req", "R-126")]
    public async Task A_token_goes_into_the_header_and_nowhere_else()
    {
        await using LoopbackServer tokens = await LoopbackServer.StartTokenEndpointAsync();
        await using LoopbackServer api = await LoopbackServer.StartAsync(Answer(200));
        await using ServiceProvider services = Build(tokens, api, http => http.AddClientCredentialsHandler());
        using StringContent content = new("a=1");
        (await services.GetRequiredService<IHttpClientFactory>().CreateClient("api").PostAsync(new Uri("/orders?b=2", UriKind.Relative), content)).Dispose();
        Arrival arrival = Assert.Single(api.Arrivals);
        Assert.Equal(("/orders?b=2", "a=1", "Bearer token-1"), (arrival.Target, arrival.Text, arrival.Authorization));
    }

    private static RequestDelegate Answer(int status) => context =>
    {
        context.Response.StatusCode = status;
        return Task.CompletedTask;
    };

    private static void Impatient(HttpStandardResilienceOptions options) => options.Retry.Delay = TimeSpan.FromMilliseconds(1);

    private static ServiceProvider Build(LoopbackServer tokens, LoopbackServer api, Action<IHttpClientBuilder> configure, TimeProvider? time = null, int maxRetries = 0)
    {
        ServiceCollection services = new();
        services.AddSingleton(time ?? TimeProvider.System);
        services.AddClientCredentials(options =>
            (options.TokenEndpoint, options.ClientId, options.ClientSecret, options.MaxRetries) = (new Uri(tokens.Address, "/token").ToString(), "shop", "secret", maxRetries));
        configure(services.AddHttpClient("api", client => client.BaseAddress = api.Address));
        return services.BuildServiceProvider(validateScopes: true);
    }

    /// <summary>Sends the same request again and again, and does something between.</summary>
    private sealed class Again(int times) : DelegatingHandler
    {
        public static readonly HttpRequestOptionsKey<Action> Between = new("between");

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            for (int attempt = 1; attempt < times; attempt++)
            {
                (await base.SendAsync(request, cancellationToken)).Dispose();
                request.Options.TryGetValue(Between, out Action? between);
                between?.Invoke();
            }

            return await base.SendAsync(request, cancellationToken);
        }
    }
}
