using System.Net;
using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Caching;
using OAuthClientCredentials.Tests.Clients;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Api;

/// <summary>
/// What becomes of a request's copies long after, and what the handler does when its settings or its provider change or end
/// meanwhile.
/// </summary>
public sealed class LongAfterTests
{
    [Theory]
    [Trait("Req", "R-110")]
    [Trait("Req", "R-112")]
    [Trait("Req", "R-123")]
    [InlineData("https://evil.example.com/x", 1, 0)]
    [InlineData("https://evil.example.com/x", 3, 0)]
    [InlineData("https://evil.example.com/x", 1, 2)]
    [InlineData("https://evil.example.com/x", 100, 2)]
    [InlineData("https://api.example.com/x", 1, 0)]
    [InlineData("https://api.example.com/x", 3, 0)]
    [InlineData("https://api.example.com/x", 1, 2)]
    [InlineData("https://api.example.com/x", 100, 2)]
    public async Task A_copy_of_a_request_that_was_sent_takes_no_old_token_along(string address, int tokensInUse, int renewals)
    {
        TestTimeProvider time = new();
        TestAuthorizationServer server = new(time) { Lifetime = TimeSpan.FromSeconds(60) };
        ServiceCollection collection = new();
        collection.AddSingleton<TimeProvider>(time);
        collection.AddClientCredentials(
            "c",
            options => (options.TokenEndpoint, options.ClientId, options.ClientSecret) = (OneClient.Endpoint, "c", "secret"));
        List<(string Host, string? Token)> seen = [];
        collection.AddHttpClient("api", http => http.BaseAddress = new("https://api.example.com")).AddClientCredentialsHandler("c")
            .ConfigurePrimaryHttpMessageHandler(() => new HostileHandler((request, _) =>
            {
                seen.Add((request.RequestUri!.Host, request.Headers.Authorization?.Parameter));
                return Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK));
            }));
        await using ServiceProvider services = collection.UseTestAuthorizationServer(server).BuildServiceProvider();
        HttpClient http = services.GetRequiredService<IHttpClientFactory>().CreateClient("api");
        HttpRequestMessage first = Request("/x", 0);
        await http.SendAsync(first);
        for (int round = 0; round <= renewals; round++)
        {
            for (int number = round == 0 ? 1 : 0; number < tokensInUse; number++)
            {
                await http.SendAsync(Request("/x", number));
            }

            time.Advance(TimeSpan.FromSeconds(61));
        }

        // As a retry or redirect handler of the application's makes it: a new request with the headers of the old.
        HttpRequestMessage copy = Request(address, 0);
        foreach (KeyValuePair<string, IEnumerable<string>> header in first.Headers)
        {
            copy.Headers.TryAddWithoutValidation(header.Key, header.Value);
        }

        await Record.ExceptionAsync(() => http.SendAsync(copy));
        Assert.DoesNotContain(seen, request => request.Host == "evil.example.com" && request.Token is not null);
        Assert.True(seen.Count(request => request.Token == "token-1") == 1, "the expired token was sent again");

        static HttpRequestMessage Request(string address, int number)
        {
            HttpRequestMessage request = new(HttpMethod.Get, address);
            request.SetTokenRequest(Hostile.Scope($"s{number}"));
            return request;
        }
    }

    /// <summary>The factory makes a new handler every two minutes; one for another name takes its place here.</summary>
    [Theory]
    [Trait("Req", "R-110")]
    [Trait("Req", "R-112")]
    [InlineData("https://evil.example.com/x")]
    [InlineData("https://api.example.com/x")]
    public async Task A_copy_that_another_handler_sends_takes_no_old_token_along(string address)
    {
        TestTimeProvider time = new();
        List<(string Host, string? Token)> seen = [];
        ServiceCollection collection = new();
        collection.AddClientCredentials(
            "c",
            options => (options.TokenEndpoint, options.ClientId, options.ClientSecret) = (OneClient.Endpoint, "c", "secret"));
        collection.ConfigureHttpClientDefaults(builder => builder
            .ConfigureHttpClient(http => http.BaseAddress = new("https://api.example.com"))
            .AddClientCredentialsHandler("c")
            .ConfigurePrimaryHttpMessageHandler(() => new HostileHandler((request, _) =>
            {
                seen.Add((request.RequestUri!.Host, request.Headers.Authorization?.Parameter));
                return Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK));
            })));
        await using ServiceProvider services = collection.UseTestAuthorizationServer(
            new TestAuthorizationServer(time) { Lifetime = TimeSpan.FromSeconds(60) }).BuildServiceProvider();
        IHttpClientFactory factory = services.GetRequiredService<IHttpClientFactory>();
        using HttpRequestMessage first = new(HttpMethod.Get, "/x");
        await factory.CreateClient("former").SendAsync(first);
        time.Advance(TimeSpan.FromSeconds(61));
        using HttpRequestMessage copy = new(HttpMethod.Get, address);
        foreach (KeyValuePair<string, IEnumerable<string>> header in first.Headers)
        {
            copy.Headers.TryAddWithoutValidation(header.Key, header.Value);
        }

        Exception? refusal = await Record.ExceptionAsync(() => factory.CreateClient("successor").SendAsync(copy));
        Assert.Equal(new Uri(address).Host == "evil.example.com", refusal is OriginNotAllowedException);
        Assert.Single(seen, request => request.Token == "token-1");
        Assert.DoesNotContain(seen, request => request.Host == "evil.example.com");
    }

    [Fact]
    [Trait("Req", "R-310")]
    public async Task A_reload_that_is_not_valid_keeps_the_former_settings_for_the_handler_too()
    {
        await using Configured app = new(
            [.. Configured.Client("orders"), ("orders:AllowInsecureHttp", "true")],
            services => TestHost(services, "http://api.internal"));
        HttpClient http = app.Services.GetRequiredService<IHttpClientFactory>().CreateClient("api");
        await http.GetAsync("http://api.internal/x");
        app.Reload("orders:ClientId", "");
        Exception? failure = await Record.ExceptionAsync(() => http.GetAsync("http://api.internal/x"));
        Assert.True(failure is null, $"{failure?.GetType().Name}: {failure?.Message}");
    }

    [Fact]
    [Trait("Req", "R-004")]
    public async Task Plain_http_that_was_allowed_once_is_refused_when_it_no_longer_is()
    {
        await using Configured app = new(
            [.. Configured.Client("orders"), ("orders:AllowInsecureHttp", "true")],
            services => TestHost(services, "http://api.internal"));
        HttpClient http = app.Services.GetRequiredService<IHttpClientFactory>().CreateClient("api");
        await http.GetAsync("http://api.internal/x");
        app.Reload("orders:AllowInsecureHttp", "false");
        await Assert.ThrowsAsync<OriginNotAllowedException>(() => http.GetAsync("http://api.internal/x"));
    }

    [Fact]
    [Trait("Req", "R-103")]
    public async Task A_rejection_after_the_end_of_the_provider_leaves_the_401_to_the_caller()
    {
        TestAuthorizationServer server = new();
        ServiceCollection collection = new();
        collection.AddClientCredentials(
            "c",
            options => (options.TokenEndpoint, options.ClientId, options.ClientSecret) = (OneClient.Endpoint, "c", "secret"));
        TaskCompletionSource open = new();
        bool disposed = false;
        int calls = 0;
        collection.AddHttpClient("api", http => http.BaseAddress = new("https://api.example.com")).AddClientCredentialsHandler("c")
            .ConfigurePrimaryHttpMessageHandler(() => new HostileHandler(async (_, _) =>
            {
                Interlocked.Increment(ref calls);
                await open.Task;
                return new(HttpStatusCode.Unauthorized) { Content = new Watched(() => disposed = true) };
            }));
        await using ServiceProvider services = collection.UseTestAuthorizationServer(server).BuildServiceProvider();
        HttpClient http = services.GetRequiredService<IHttpClientFactory>().CreateClient("api");
        Task<HttpResponseMessage> call = http.GetAsync("/x", HttpCompletionOption.ResponseHeadersRead);
        await Eventually.True(() => calls == 1);
        await services.GetRequiredService<TokenProvider>().DisposeAsync();
        open.SetResult();
        using HttpResponseMessage response = await call;
        Assert.Equal((HttpStatusCode.Unauthorized, false), (response.StatusCode, disposed));
    }

    private static void TestHost(IServiceCollection services, string baseAddress) =>
        services.AddHttpClient("api", http => http.BaseAddress = new(baseAddress)).AddClientCredentialsHandler("orders")
            .ConfigurePrimaryHttpMessageHandler(
                () => new HostileHandler((_, _) => Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK))));

    private sealed class Watched(Action onDispose) : ByteArrayContent([])
    {
        protected override void Dispose(bool disposing)
        {
            onDispose();
            base.Dispose(disposing);
        }
    }
}
