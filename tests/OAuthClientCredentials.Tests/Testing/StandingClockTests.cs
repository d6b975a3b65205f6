using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Testing;

/// <summary>Calls of an application under a clock that nobody moves, and under one that a test moves while the call is under way.</summary>
public sealed class StandingClockTests
{
    private readonly TestTimeProvider _time = new();
    private readonly TestAuthorizationServer _server;

    public StandingClockTests() => _server = new(_time);

    [Theory]
    [Trait("Req", "R-331")]
    [InlineData("the server's clock")]
    [InlineData("the application's clock")]
    [InlineData("without dependency injection")]
    public async Task Outage_ends_at_once_under_a_clock_of(string registration)
    {
        TestAuthorizationServer server = registration == "the application's clock" ? new() : _server;
        server.Outage();
        IServiceCollection services = AddClient(server);
        services.TryAddSingleton<TimeProvider>(_time);
        await using ServiceProvider provider = services.BuildServiceProvider();
        await using TokenProvider standalone = TokenProvider.Create(Configure, server.CreateHandler(), _time);
        TokenProvider tokens = provider.GetRequiredService<TokenProvider>();
        if (registration == "without dependency injection")
        {
            tokens = standalone;
        }

        Task<AccessToken> call = tokens.GetTokenAsync().AsTask();
        Assert.True(await Eventually.CompletesAsync(call));
        TokenRequestException exception = await Assert.ThrowsAsync<TokenRequestException>(() => call);
        Assert.Equal((true, 1), (exception.IsTransient, exception.Attempts));
    }

    [Fact]
    [Trait("Req", "R-331")]
    public async Task Slow_response_under_a_standing_clock_is_an_error_that_says_what_to_do()
    {
        TestResponse[] slow = [TestResponse.Never(), TestResponse.Token().After(TimeSpan.FromSeconds(5))];
        TokenRequestException[] errors = await Task.WhenAll(slow.Select(async response =>
        {
            TestAuthorizationServer server = new(new TestTimeProvider());
            server.Always(response);
            await using TestProvider provider = new(server: server);
            return await provider.FailAsync();
        }));
        Assert.All(errors, error => Assert.Equal("test_clock_stands_still", error.Error));
        Assert.All(errors, error => Assert.Contains("AdvanceUntilCompletedAsync", error.Message, StringComparison.Ordinal));
    }

    [Fact]
    [Trait("Req", "R-331")]
    public async Task Required_warm_up_and_health_end_in_an_outage_under_a_standing_clock()
    {
        IServiceCollection services = AddClient(_server).AddLogging();
        services.Configure<ClientCredentialsOptions>(options => (options.WarmUp, options.KeepWarm) = (WarmUp.RequireAtStart, true));
        services.AddHealthChecks().AddClientCredentials();
        await using ServiceProvider provider = services.BuildServiceProvider();
        IHostedLifecycleService warmUp = provider.GetServices<IHostedService>().OfType<IHostedLifecycleService>().Single();
        _server.Outage();
        Task start = warmUp.StartingAsync(CancellationToken.None);
        Assert.True(await Eventually.CompletesAsync(start));
        await Assert.ThrowsAsync<TokenRequestException>(() => start);
        Task health = provider.GetRequiredService<Microsoft.Extensions.Diagnostics.HealthChecks.HealthCheckService>().CheckHealthAsync();
        Assert.True(await Eventually.CompletesAsync(health));
        _server.Verify(1);
    }

    [Theory]
    [Trait("Req", "R-331")]
    [InlineData("slow", 1)]
    [InlineData("refused", 3)]
    [InlineData("Retry-After", 2)]
    public async Task A_call_that_waits_ends_while_the_test_advances_the_clock(string server, int requests)
    {
        _server.Next(server switch
        {
            "slow" => [TestResponse.Token().After(TimeSpan.FromSeconds(5))],
            "refused" => [TestResponse.ConnectionRefused(), TestResponse.ConnectionRefused()],
            _ => [TestResponse.TooManyRequests(TimeSpan.FromSeconds(10))],
        });
        await using TestProvider provider = new(options => options.MaxRetries = 2, _server);
        Task<string> call = provider.GetAsync();
        await _time.AdvanceUntilCompletedAsync(call);
        Assert.Equal("token-1", await call);
        _server.Verify(requests);
    }

    [Fact]
    [Trait("Req", "R-331")]
    public async Task A_task_that_does_not_complete_ends_the_advance_with_an_error()
    {
        TaskCompletionSource never = new();
        TestAssertionException exception = await Assert.ThrowsAsync<TestAssertionException>(
            () => _time.AdvanceUntilCompletedAsync(never.Task, TimeSpan.FromSeconds(1)));
        Assert.Contains("did not complete while the clock advanced by 00:00:01", exception.Message, StringComparison.Ordinal);
        await _time.AdvanceUntilCompletedAsync(Task.FromException(new InvalidOperationException("the caller's to await")));
    }

    [Fact]
    [Trait("Req", "R-331")]
    public async Task Server_is_controlled_over_HTTP_by_other_processes()
    {
        await using TestAuthorizationServer server = new();
        server.AddClient("shop", "old");
        Uri issuer = server.Listen(host: "127.0.0.1");
        Uri api = server.CreateApi().Listen(host: "127.0.0.1");
        using HttpClient control = new() { BaseAddress = issuer };
        using TemporaryFile secret = new("old");
        ServiceCollection services = new();
        services.AddClientCredentials("shop", options =>
            (options.Authority, options.ClientId, options.ClientSecretFile, options.MaxRetries) = ($"{issuer}", "shop", secret.Path, 0));
        services.AddHttpClient("orders", client => client.BaseAddress = api).AddClientCredentialsHandler("shop");
        await using ServiceProvider provider = services.BuildServiceProvider();
        HttpClient orders = provider.GetRequiredService<IHttpClientFactory>().CreateClient("orders");

        await PostAsync("outage", HttpStatusCode.NoContent);
        await Assert.ThrowsAsync<TokenRequestException>(() => orders.GetStringAsync("/"));
        await PostAsync("recover", HttpStatusCode.NoContent);
        provider.GetRequiredService<TokenProvider>().Forget("shop");
        await orders.GetStringAsync("/");
        await PostAsync("secrets?client=shop&add=n%20w&remove=old", HttpStatusCode.NoContent);
        secret.Write("n w");
        await PostAsync("revoke", HttpStatusCode.NoContent);
        await orders.GetStringAsync("/");
        server.Verify(1, request => request.Used("n w"));
        await PostAsync("secrets?client=unknown&add=new", HttpStatusCode.NotFound);
        server.Verify(3);

        async Task PostAsync(string command, HttpStatusCode expected)
        {
            using HttpResponseMessage response = await control.PostAsync($"test/{command}", null);
            Assert.Equal((command, expected), (command, response.StatusCode));
        }
    }

    private static IServiceCollection AddClient(TestAuthorizationServer server) =>
        new ServiceCollection().AddClientCredentials(Configure).Services.UseTestAuthorizationServer(server);

    private static void Configure(ClientCredentialsOptions options) =>
        (options.TokenEndpoint, options.ClientId, options.ClientSecret) = (TestProvider.TokenEndpoint, "shop", "secret");
}
