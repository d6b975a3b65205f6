using System.Net;
using OAuthClientCredentials.IntegrationTests.Canaries;
using OAuthClientCredentials.Testing;

namespace OAuthClientCredentials.IntegrationTests.Recipes;

/// <summary>An API that responds with 403 to a token that has expired or was revoked.</summary>
public sealed class ForbiddenTests : CanaryTests
{
    private readonly TestTimeProvider _time = new();
    private readonly TestAuthorizationServer _server;
    private readonly TestApi _api;
    private bool _permitted = true;
    private int _calls;

    public ForbiddenTests()
    {
        _server = new(_time);
        _api = _server.CreateApi();
    }

    public override async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        await base.DisposeAsync();
    }

    [Theory]
    [Trait("Req", "R-116")]
    [InlineData(true, 200, 2)]
    [InlineData(false, 403, 1)]
    public async Task ShouldRenew_renews_a_token_that_the_API_rejects_with_403(bool isSet, int status, int tokens)
    {
        HttpClient orders = Build(isSet);
        await orders.GetAsync("/");
        _server.RevokeTokens();
        using HttpResponseMessage response = await orders.GetAsync("/");
        Assert.Equal((status, tokens), ((int)response.StatusCode, _server.Requests.Count));
    }

    [Fact]
    [Trait("Req", "R-118")]
    public async Task A_403_that_a_new_token_does_not_fix_costs_one_token_in_30_seconds()
    {
        _permitted = false;
        HttpClient orders = Build(isSet: true);
        for (int second = 0; second < 600; second++)
        {
            using HttpResponseMessage response = await orders.GetAsync("/");
            Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.InRange(_server.Requests.Count, 2, 21);
        Assert.Equal(600 + _server.Requests.Count - 1, _calls);
    }

    private static void AddWithShouldRenew(IServiceCollection services)
    {
        services.AddHttpClient("orders", client => client.BaseAddress = new("https://orders.example.com"))
            .AddClientCredentialsHandler("orders", options => options.ShouldRenew =
                response => response.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden);
    }

    private HttpClient Build(bool isSet)
    {
        ServiceCollection services = new();
        RecipeHost.AddClient(services);
        if (isSet)
        {
            AddWithShouldRenew(services);
        }
        else
        {
            services.AddHttpClient("orders", client => client.BaseAddress = new("https://orders.example.com"))
                .AddClientCredentialsHandler("orders");
        }

        services.UseTestAuthorizationServer(_server);
        services.AddHttpClient("orders").ConfigurePrimaryHttpMessageHandler(() => new ForbiddingApi(this));
        return services.BuildServiceProvider().GetRequiredService<IHttpClientFactory>().CreateClient("orders");
    }

    private sealed class ForbiddingApi(ForbiddenTests test) : DelegatingHandler(test._api)
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            test._calls++;
            HttpResponseMessage response = await base.SendAsync(request, cancellationToken);
            if (response.StatusCode == HttpStatusCode.Unauthorized || !test._permitted)
            {
                return new HttpResponseMessage(HttpStatusCode.Forbidden);
            }

            return response;
        }
    }
}
