using System.Net;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Caching;

public sealed class GenerationTests : IAsyncDisposable
{
    private readonly TestAuthorizationServer _endpoint = new();
    private readonly TestTimeProvider _time = new();
    private readonly IConfigurationRoot _configuration;
    private readonly ServiceProvider _services;
    private readonly ITokenProvider _tokens;

    public GenerationTests()
    {
        _configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["ClientCredentials:orders:TokenEndpoint"] = "https://id.example.com/token",
            ["ClientCredentials:orders:ClientId"] = "shop",
            ["ClientCredentials:orders:ClientSecret"] = "old-secret",
            ["ClientCredentials:orders:AuthenticationMethod"] = "client_secret_post",
            ["ClientCredentials:orders:Scopes:0"] = "read",
            ["ClientCredentials:orders:MaxRetries"] = "0",
        }).Build();
        ServiceCollection services = new();
        services.AddSingleton<IConfiguration>(_configuration);
        services.AddSingleton<TimeProvider>(_time);
        services.AddClientCredentials().ConfigureHttpClient(client => client.ConfigurePrimaryHttpMessageHandler(_endpoint.CreateHandler));
        _services = services.BuildServiceProvider(new ServiceProviderOptions { ValidateOnBuild = true, ValidateScopes = true });
        _tokens = _services.GetRequiredService<ITokenProvider>();
    }

    public ValueTask DisposeAsync() => _services.DisposeAsync();

    [Fact]
    [Trait("Req", "R-074")]
    public async Task A_changed_secret_keeps_the_valid_token_and_renews_it_at_the_next_use()
    {
        await GetAsync();
        Set("ClientSecret", "new-secret");
        Assert.Equal("token-1", await GetAsync());
        await SettleAsync();
        Assert.Equal("token-2", await GetAsync());
        Assert.True(_endpoint.Requests[^1].Used("new-secret"));
        Assert.Equal(2, _endpoint.Requests.Count);
    }

    [Fact]
    [Trait("Req", "R-074")]
    public async Task A_changed_secret_fails_no_call_while_the_server_is_down()
    {
        await GetAsync();
        _endpoint.Always(TestResponse.Status(HttpStatusCode.ServiceUnavailable));
        Set("ClientSecret", "new-secret");
        for (int second = 0; second < 60; second++)
        {
            Assert.Equal("token-1", await GetAsync());
            await SettleAsync();
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        _endpoint.Recover();
        _time.Advance(TimeSpan.FromSeconds(60));
        await GetAsync();
        await SettleAsync();
        Assert.NotEqual("token-1", await GetAsync());
    }

    [Fact]
    [Trait("Req", "R-074")]
    [Trait("Req", "R-190")]
    public async Task A_corrected_secret_works_at_the_next_call()
    {
        _endpoint.Always(request => request.Used("new-secret") ? TestResponse.Token() : TestResponse.Error("invalid_client"));
        await Assert.ThrowsAsync<TokenRequestException>(GetAsync);
        await Assert.ThrowsAsync<TokenRequestException>(GetAsync);
        Assert.Single(_endpoint.Requests);
        Set("ClientSecret", "new-secret");
        Assert.Equal("token-1", await GetAsync());
    }

    [Theory]
    [Trait("Req", "R-070")]
    [Trait("Req", "R-074")]
    [InlineData("ClientId", "another-shop")]
    [InlineData("TokenEndpoint", "https://id.example.org/token")]
    [InlineData("Authority", "https://id.example.org")]
    [InlineData("Scopes:0", "write")]
    [InlineData("Resources:0", "https://api.example.com")]
    [InlineData("Audience", "orders")]
    [InlineData("AuthorizationDetails", """[{"type":"order"}]""")]
    [InlineData("Parameters:tenant", "blue")]
    [InlineData("AuthenticationMethod", "client_secret_basic")]
    public async Task A_changed_identity_never_gives_out_the_token_of_the_former(string option, string value)
    {
        await GetAsync();
        Set(option, value);
        Assert.Equal("token-2", await GetAsync());
    }

    [Fact]
    [Trait("Req", "R-074")]
    public async Task Callers_who_wait_while_the_identity_changes_get_a_token_of_the_new_one()
    {
        TaskCompletionSource answer = new();
        _endpoint.Next(TestResponse.Token(value: "late").After(_ => answer.Task));
        Task<string>[] callers = [.. Enumerable.Range(0, 50).Select(_ => Task.Run(GetAsync))];
        await Eventually.True(() => _endpoint.Requests.Count == 1);
        Set("Scopes:0", "write");
        Assert.All(await Task.WhenAll(callers), token => Assert.Equal("token-1", token));
        Assert.Equal("write", _endpoint.Requests[^1]["scope"]);
        answer.SetResult();
    }

    [Fact]
    [Trait("Req", "R-310")]
    public async Task A_reload_to_options_that_are_not_valid_keeps_the_former()
    {
        await GetAsync();
        Set("TokenEndpoint", "http://id.example.com/token");
        Assert.Equal("token-1", await GetAsync());
        _time.Advance(TimeSpan.FromHours(2));
        Assert.Equal("token-2", await GetAsync());
    }

    [Fact]
    [Trait("Req", "R-310")]
    public async Task A_reload_that_changes_nothing_requests_nothing()
    {
        await GetAsync();
        _configuration.Reload();
        Assert.Equal("token-1", await GetAsync());
        Assert.Single(_endpoint.Requests);
    }

    [Fact]
    [Trait("Req", "R-075")]
    public async Task Scopes_are_a_set_that_minds_case()
    {
        await GetAsync(new TokenRequest { Scopes = ["a", "b"] });
        await GetAsync(new TokenRequest { Scopes = ["b a"] });
        await GetAsync(new TokenRequest { Scopes = ["b", "a", "b"] });
        Assert.Single(_endpoint.Requests);
        await GetAsync(new TokenRequest { Scopes = ["A", "b"] });
        Assert.Equal(2, _endpoint.Requests.Count);
    }

    [Fact]
    [Trait("Req", "R-070")]
    public async Task A_request_that_spells_out_the_options_shares_their_token()
    {
        await GetAsync();
        Assert.Equal("token-1", await GetAsync(new TokenRequest { Scopes = ["read"] }));
        Assert.Single(_endpoint.Requests);
    }

    [Fact]
    [Trait("Req", "R-070")]
    [Trait("Req", "R-072")]
    [Trait("Req", "R-230")]
    [Trait("Req", "R-231")]
    public async Task Requests_that_differ_in_any_field_share_nothing()
    {
        TokenRequest[] requests =
        [
            new(),
            new() { Scopes = [] },
            new() { Scopes = ["a::b"] },
            new() { Scopes = ["a", "b"] },
            new() { Resources = ["https://a.example/"] },
            new() { Resources = ["https://a.example/", "https://b.example/"] },
            new() { Resources = ["https://b.example/", "https://a.example/"] },
            new() { Audience = "https://a.example/" },
            new() { Audience = "" },
            new() { AuthorizationDetails = """[{"type":"a"}]""" },
            new() { Parameters = new Dictionary<string, string> { ["a"] = "b" } },
            new() { Parameters = new Dictionary<string, string> { ["a"] = "b", ["c"] = "d" } },
            new() { Parameters = new Dictionary<string, string> { ["a"] = "b\0c" } },
        ];
        TokenProvider provider = _services.GetRequiredService<TokenProvider>();
        Assert.Equal(requests.Length - 1, requests.Select(request => provider.KeyOf("orders", request)).Distinct().Count());
        foreach (TokenRequest request in requests)
        {
            await GetAsync(request);
        }

        // An empty audience asks for the same as none.
        Assert.Equal(requests.Length - 1, _endpoint.Requests.Count);
    }

    [Fact]
    [Trait("Req", "R-073")]
    public async Task No_secret_and_no_token_shapes_a_key()
    {
        TokenProvider provider = _services.GetRequiredService<TokenProvider>();
        string before = provider.KeyOf("orders", null);
        await GetAsync();
        Set("ClientSecret", "new-secret");
        Assert.Equal(before, provider.KeyOf("orders", null));
    }

    [Fact]
    [Trait("Req", "R-076")]
    public async Task The_number_of_sources_is_bounded_and_the_clients_own_stays()
    {
        TokenProvider provider = new(_services.GetRequiredService<OAuthClientCredentials.Clients.ClientSettingsProvider>(), _services.GetRequiredService<TokenClient>().RequestAsync, _time, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance, maxSources: 100);
        await provider.GetTokenAsync("orders");
        for (int number = 0; number < 1000; number++)
        {
            await provider.GetTokenAsync("orders", new TokenRequest { Audience = $"audience-{number}" });
            _time.Advance(TimeSpan.FromMilliseconds(1));
            Assert.InRange(provider.SourceCount(), 1, 102);
        }

        int requests = _endpoint.Requests.Count;
        await provider.GetTokenAsync("orders");
        await provider.GetTokenAsync("orders", new TokenRequest { Audience = "audience-999" });
        Assert.Equal(requests, _endpoint.Requests.Count);
        await provider.GetTokenAsync("orders", new TokenRequest { Audience = "audience-0" });
        Assert.Equal(requests + 1, _endpoint.Requests.Count);
    }

    private async Task<string> GetAsync() => (await _tokens.GetTokenAsync("orders")).Value;

    private async Task<string> GetAsync(TokenRequest request) => (await _tokens.GetTokenAsync("orders", request)).Value;

    private void Set(string option, string value)
    {
        _configuration[$"ClientCredentials:orders:{option}"] = value;
        _configuration.Reload();
    }

    private Task SettleAsync() => Eventually.True(() => !_services.GetRequiredService<TokenProvider>().IsInFlight("orders", null));
}
