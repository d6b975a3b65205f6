using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Api;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Diagnostics;

/// <summary>Numbers that do not match what happened, and time series without a limit.</summary>
public sealed class MetricCountTests
{
    private const string Rejections = "oauth.client.unauthorized_responses";

    [Fact]
    public async Task Tenants_with_their_own_hosts_add_no_time_series()
    {
        await using TestProvider provider = TestProvider.WithServices(services =>
        {
            TestProvider.AddClient(services, "orders");
            services.AddSingleton<IConfigureOptions<ClientCredentialsOptions>>(new TenantOptions());
        });
        using Measurements measured = new(provider.Services);
        for (int tenant = 0; tenant < 50; tenant++)
        {
            await provider.GetAsync($"tenant-{tenant}");
        }

        int series = measured.Series.Distinct().Count();
        Assert.True(series <= 10, $"50 tenants made {series} time series.");
    }

    [Fact]
    public async Task Names_of_HttpClients_made_at_run_time_add_no_time_series()
    {
        ServiceCollection services = new();
        TestProvider.AddClient(services, "orders");
        services.UseTestAuthorizationServer(new TestAuthorizationServer(new TestTimeProvider()));
        services.ConfigureHttpClientDefaults(builder => builder
            .ConfigurePrimaryHttpMessageHandler(() => new StubHandler(_ => new HttpResponseMessage(HttpStatusCode.Unauthorized)))
            .AddClientCredentialsHandler("orders", options => options.AllowedOrigins.Add("https://api.example.com")));
        services.AddHttpClient(TokenClient.HttpClientName)
            .ConfigurePrimaryHttpMessageHandler(() => new TestAuthorizationServer(new TestTimeProvider()).CreateHandler());
        await using ServiceProvider provider = services.BuildServiceProvider();
        using Measurements measured = new(provider);
        for (int tenant = 0; tenant < 30; tenant++)
        {
            using HttpClient http = provider.GetRequiredService<IHttpClientFactory>().CreateClient($"tenant-{tenant}");
            using HttpResponseMessage response = await http.GetAsync("https://api.example.com/orders");
        }

        int series = measured.Series.Distinct().Count(name => name.StartsWith(Rejections, StringComparison.Ordinal));
        Assert.InRange(series, 1, 5);
    }

    [Fact]
    public async Task One_call_is_one_wait_if_its_client_is_forgotten_meanwhile()
    {
        await using TestProvider provider = new();
        using Measurements measured = new(provider.Services);
        provider.Server.Next(TestResponse.Never());
        Task<string> call = provider.GetAsync();
        await Eventually.True(() => provider.Server.Requests.Count == 1);
        provider.Time.Advance(TimeSpan.FromSeconds(3));
        provider.Tokens.Forget("");
        await call;
        Assert.Equal([3.0], measured.Of("oauth.client.token.wait.duration{oauth.client.name=}"));
    }

    [Fact]
    public async Task Request_that_is_followed_by_a_cool_down_is_counted()
    {
        await using TestProvider provider = new(options => options.MaxRetries = 2);
        using Measurements measured = new(provider.Services);
        provider.Server.Always(request => request["scope"] == "a" ? TestResponse.Unavailable() : TestResponse.Error("invalid_client"));
        Task<TokenRequestException> first = provider.FailAsync("", TestProvider.Scope("a"));
        await Eventually.True(() => provider.Server.Requests.Count == 1);
        await provider.FailAsync("", TestProvider.Scope("b"));
        await provider.Time.AdvanceUntilAsync(first);
        double counted = measured.Of("oauth.client.token_request.attempts{oauth.client.name=, server.address=id.example.com}").Sum();
        Assert.Equal(provider.Server.Requests.Count, counted);
    }

    [Fact]
    public async Task Handler_of_a_client_known_at_run_time_only_counts_under_the_name_of_the_other_metrics()
    {
        ServiceCollection services = new();
        services.AddSingleton<IConfigureOptions<ClientCredentialsOptions>>(new TenantOptions());
        services.UseTestAuthorizationServer(new TestAuthorizationServer(new TestTimeProvider()));
        TestProvider.AddClient(services, "orders");
        services.AddHttpClient("api", http => http.BaseAddress = ApiClient.Address)
            .ConfigurePrimaryHttpMessageHandler(() => new StubHandler(_ => new HttpResponseMessage(HttpStatusCode.Unauthorized)))
            .AddClientCredentialsHandler("tenant-1");
        await using ServiceProvider provider = services.BuildServiceProvider();
        using Measurements measured = new(provider);
        using HttpResponseMessage response =
            await provider.GetRequiredService<IHttpClientFactory>().CreateClient("api").GetAsync("/orders");
        string[] names = [.. measured.Series.Select(series => series.Split("oauth.client.name=")[1].Split(',', '}')[0]).Distinct()];
        Assert.Equal(["_OTHER"], names);
    }

    private sealed class Nonces : TokenBinding
    {
        public override string TokenType => "DPoP";

        public override string Thumbprint => "key";

        public override bool ReadApiResponse(HttpRequestMessage request, HttpResponseMessage response, string? errorCode) =>
            !response.IsSuccessStatusCode;
    }
}
