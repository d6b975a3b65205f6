using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials.Api;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Api;

public sealed class OriginTests
{
    [Theory]
    [Trait("Req", "R-111")]
    [InlineData("https://api.example.com", "https://api.example.com/orders", true)]
    [InlineData("https://api.example.com", "https://API.Example.COM/orders", true)]
    [InlineData("https://api.example.com", "https://api.example.com:443/", true)]
    [InlineData("https://api.example.com", "https://api.example.com:444/", false)]
    [InlineData("https://api.example.com:444", "https://api.example.com:444/", true)]
    [InlineData("https://api.example.com", "http://api.example.com:443/", false)]
    [InlineData("https://api.example.com", "https://api.example.com./", false)]
    [InlineData("https://api.example.com", "https://example.com/", false)]
    [InlineData("https://api.example.com", "https://api.example.com.evil.org/", false)]
    [InlineData("https://api.example.com", "https://evil-api.example.com/", false)]
    [InlineData("https://api.example.com", "https://api.example.com@evil.org/", false)]
    [InlineData("https://api.example.com", "https://user:pass@api.example.com/", true)]
    [InlineData("https://api.example.com", "https://evil.org/?https://api.example.com", false)]
    [InlineData("https://api.example.com", "https://evil.org#api.example.com", false)]
    [InlineData("https://*.example.com", "https://api.example.com/", true)]
    [InlineData("https://*.example.com", "https://a.b.example.com/", true)]
    [InlineData("https://*.example.com", "https://example.com/", false)]
    [InlineData("https://*.example.com", "https://evilexample.com/", false)]
    [InlineData("https://*.example.com", "https://api.example.com:8443/", false)]
    [InlineData("https://bücher.example", "https://xn--bcher-kva.example/", true)]
    [InlineData("https://xn--bcher-kva.example", "https://BÜCHER.example/", true)]
    [InlineData("https://127.0.0.1:8443", "https://127.0.0.1:8443/", true)]
    [InlineData("https://127.0.0.1:8443", "https://localhost:8443/", false)]
    [InlineData("https://[::1]:8443", "https://[0:0:0:0:0:0:0:1]:8443/", true)]
    [InlineData("https://*", "https://api.example.com:8443/", true)]
    [InlineData("https://*", "http://api.example.com/", false)]
    [InlineData("https+http://orders", "https+http://orders/1", true)]
    [InlineData("https+http://orders", "https://orders/1", false)]
    public void An_origin_is_scheme_host_and_port(string origin, string address, bool matches) =>
        Assert.Equal(matches, Origin.TryParse(origin)!.Matches(new Uri(address)));

    [Theory]
    [Trait("Req", "R-110")]
    [InlineData("api.example.com")]
    [InlineData("https://api.example.com/orders")]
    [InlineData("https://api.example.com/?a=b")]
    [InlineData("https://user@api.example.com")]
    [InlineData("ftp://api.example.com")]
    [InlineData("https://*.*.example.com")]
    [InlineData("https://api.*.com")]
    [InlineData("*")]
    [InlineData("http://*")]
    [InlineData("https://*:8443")]
    [InlineData("")]
    public void What_is_no_origin_is_refused_as_one(string origin) => Assert.Null(Origin.TryParse(origin));

    [Fact]
    [Trait("Req", "R-110")]
    public async Task An_absolute_address_at_another_origin_is_refused_before_any_IO()
    {
        await using LoopbackServer evil = await LoopbackServer.StartAsync(_ => Task.CompletedTask);
        await using TestHost api = await TestHost.StartAsync(_ => Task.CompletedTask);
        OriginNotAllowedException exception = await Assert.ThrowsAsync<OriginNotAllowedException>(() => api.Client.GetAsync(evil.Address));
        Assert.Contains("AllowedOrigins", exception.Message, StringComparison.Ordinal);
        Assert.Empty(evil.Arrivals);
        Assert.Empty(api.Tokens.Arrivals);
    }

    [Fact]
    [Trait("Req", "R-110")]
    public async Task Another_origin_gets_the_request_without_a_token_where_that_is_chosen()
    {
        await using LoopbackServer other = await LoopbackServer.StartAsync(_ => Task.CompletedTask);
        await using TestHost api = await TestHost.StartAsync(_ => Task.CompletedTask, options => options.SendWithoutTokenToOtherOrigins = true);
        using HttpResponseMessage response = await api.Client.GetAsync(other.Address);
        Assert.Null(Assert.Single(other.Arrivals).Authorization);
    }

    [Fact]
    [Trait("Req", "R-110")]
    public async Task The_address_that_a_typed_client_sets_in_its_constructor_counts()
    {
        await using LoopbackServer tokens = await LoopbackServer.StartTokenEndpointAsync();
        await using LoopbackServer api = await LoopbackServer.StartAsync(_ => Task.CompletedTask);
        await using LoopbackServer evil = await LoopbackServer.StartAsync(_ => Task.CompletedTask);
        ServiceCollection services = new();
        services.AddSingleton(api);
        services.AddHttpClient<Typed>().AddClientCredentialsHandler(options =>
        {
            options.TokenEndpoint = new Uri(tokens.Address, "/token").ToString();
            options.ClientId = "shop";
            options.ClientSecret = "secret";
        });
        await using ServiceProvider provider = services.BuildServiceProvider();
        HttpClient client = provider.GetRequiredService<Typed>().Client;
        using HttpResponseMessage response = await client.GetAsync("/");
        Assert.Equal("Bearer token-1", Assert.Single(api.Arrivals).Authorization);
        await Assert.ThrowsAsync<OriginNotAllowedException>(() => client.GetAsync(evil.Address));
        Assert.Empty(evil.Arrivals);
    }

    [Fact]
    [Trait("Req", "R-004")]
    public async Task Plain_http_beyond_loopback_is_refused_before_any_IO()
    {
        await using TestHost api = await TestHost.StartAsync(_ => Task.CompletedTask, options => options.AllowedOrigins = ["http://api.example.com"]);
        OriginNotAllowedException exception = await Assert.ThrowsAsync<OriginNotAllowedException>(
            () => api.Client.GetAsync("http://api.example.com/"));
        Assert.Contains("https", exception.Message, StringComparison.Ordinal);
        Assert.Empty(api.Tokens.Arrivals);
    }

    [Fact]
    [Trait("Req", "R-067")]
    public async Task Without_a_token_no_request_is_sent()
    {
        Task<LoopbackServer> broken = LoopbackServer.StartAsync(context =>
        {
            context.Response.StatusCode = 500;
            return Task.CompletedTask;
        });
        await using TestHost api = await TestHost.StartAsync(_ => Task.CompletedTask, broken);
        await Assert.ThrowsAsync<TokenRequestException>(() => api.Client.GetAsync("/"));
        await Assert.ThrowsAsync<TokenRequestException>(() => api.Client.PostAsync("/", new StringContent("an order")));
        Assert.Empty(api.Server.Arrivals);
    }

    [Fact]
    [Trait("Req", "R-114")]
    public async Task The_callers_own_header_stays_unless_he_said_otherwise()
    {
        await using TestHost keeping = await TestHost.StartAsync(_ => Task.CompletedTask);
        await using TestHost overwriting = await TestHost.StartAsync(_ => Task.CompletedTask, options => options.OverwriteAuthorization = true);
        foreach (TestHost api in new[] { keeping, overwriting })
        {
            using HttpRequestMessage request = new(HttpMethod.Get, "/");
            request.Headers.Authorization = new("Basic", "bWluZQ==");
            using HttpResponseMessage response = await api.Client.SendAsync(request);
        }

        Assert.Equal("Basic bWluZQ==", Assert.Single(keeping.Server.Arrivals).Authorization);
        Assert.Equal("Bearer token-1", Assert.Single(overwriting.Server.Arrivals).Authorization);
        Assert.Empty(keeping.Tokens.Arrivals);
    }

    [Fact]
    [Trait("Req", "R-067")]
    public async Task A_request_may_choose_its_token_or_none()
    {
        await using TestHost api = await TestHost.StartAsync(_ => Task.CompletedTask);
        using HttpRequestMessage other = new HttpRequestMessage(HttpMethod.Get, "/other")
            .SetTokenRequest(new TokenRequest { Scopes = ["write"] });
        using HttpRequestMessage none = new HttpRequestMessage(HttpMethod.Get, "/none").SkipAccessToken();
        using HttpResponseMessage first = await api.Client.GetAsync("/");
        using HttpResponseMessage second = await api.Client.SendAsync(other);
        using HttpResponseMessage third = await api.Client.SendAsync(none);
        Assert.Equal(["Bearer token-1", "Bearer token-2", null], api.Server.Arrivals.Select(arrival => arrival.Authorization));
        Assert.Contains("scope=write", api.Tokens.Arrivals.Last().Text, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-095")]
    public async Task A_synchronous_call_takes_a_cached_token_or_says_what_to_do()
    {
        await using TestHost api = await TestHost.StartAsync(_ => Task.CompletedTask);
        HttpClient client = api.Client;
        using HttpRequestMessage first = new(HttpMethod.Get, "/");
        NotSupportedException exception = Assert.Throws<NotSupportedException>(() => client.Send(first));
        Assert.Contains("SendAsync", exception.Message, StringComparison.Ordinal);
        using HttpResponseMessage warm = await client.GetAsync("/");
        using HttpRequestMessage second = new(HttpMethod.Get, "/");
        using HttpResponseMessage response = client.Send(second);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Single(api.Tokens.Arrivals);
    }

    [Fact]
    [Trait("Req", "R-066")]
    public async Task Handlers_in_the_defaults_of_all_clients_neither_wrap_nor_block_the_token_requests()
    {
        Task<LoopbackServer> broken = LoopbackServer.StartAsync(context =>
        {
            context.Response.StatusCode = 503;
            return Task.CompletedTask;
        });
        await using LoopbackServer tokens = await broken;
        await using LoopbackServer api = await LoopbackServer.StartAsync(_ => Task.CompletedTask);
        ServiceCollection services = new();
        services.ConfigureHttpClientDefaults(client => client.AddClientCredentialsHandler().AddStandardResilienceHandler());
        services.AddClientCredentials(options =>
        {
            options.TokenEndpoint = new Uri(tokens.Address, "/token").ToString();
            options.ClientId = "shop";
            options.ClientSecret = "secret";
            options.MaxRetries = 0;
        });
        services.AddHttpClient("api", client => client.BaseAddress = api.Address);
        await using ServiceProvider provider = services.BuildServiceProvider();
        HttpClient client = provider.GetRequiredService<IHttpClientFactory>().CreateClient("api");
        await Assert.ThrowsAsync<TokenRequestException>(() => client.GetAsync("/"));
        Assert.Single(tokens.Arrivals);
        Assert.Empty(api.Arrivals);
    }

    [Fact]
    [Trait("Req", "R-343")]
    public async Task When_the_callers_time_runs_out_first_the_next_call_finds_the_token()
    {
        TaskCompletionSource answer = new();
        Task<LoopbackServer> slow = LoopbackServer.StartAsync(async context =>
        {
            await answer.Task;
            await context.Response.WriteAsync("""{"access_token":"token-1","expires_in":3600}""");
        });
        await using TestHost api = await TestHost.StartAsync(_ => Task.CompletedTask, slow);
        HttpClient client = api.Client;
        client.Timeout = TimeSpan.FromMilliseconds(50);
        TaskCanceledException exception = await Assert.ThrowsAsync<TaskCanceledException>(() => client.GetAsync("/"));
        Assert.IsType<TimeoutException>(exception.InnerException);
        answer.SetResult();
        using HttpResponseMessage response = await api.Client.GetAsync("/");
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Single(api.Tokens.Arrivals);
    }

    private sealed class Typed
    {
        public Typed(HttpClient client, LoopbackServer server)
        {
            client.BaseAddress = server.Address;
            Client = client;
        }

        public HttpClient Client { get; }
    }
}
