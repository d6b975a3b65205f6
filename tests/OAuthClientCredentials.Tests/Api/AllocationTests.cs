using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials.Api;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Api;

/// <summary>The bytes that the benchmarks measure, as limits that every test run checks. Only this thread is measured.</summary>
[Collection(nameof(Alone))]
public sealed class AllocationTests
{
    private static readonly string[] Names = [.. Enumerable.Range(0, 13).Select(number => $"X-Header-{number}")];

    [Fact]
    [Trait("Req", "R-300")]
    public async Task A_cached_token_allocates_nothing()
    {
        await using TestProvider provider = new();
        await provider.GetAsync();
        Assert.Equal(0, BytesOf(() => _ = provider.Tokens.GetTokenAsync()));
        Assert.Equal(0, BytesOf(() => _ = provider.Tokens.GetSource("", null).TryGet()));
    }

    [Fact]
    [Trait("Req", "R-320")]
    public async Task A_cached_token_measures_nothing_and_allocates_nothing_for_a_listener()
    {
        await using TestProvider provider = new();
        using Measurements measured = new(provider.Services);
        await provider.GetAsync();
        int before = measured.Series.Length;
        Assert.Equal(0, BytesOf(() => _ = provider.Tokens.GetTokenAsync()));
        Assert.Equal(before, measured.Series.Length);
    }

    [Theory]
    [Trait("Req", "R-301")]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(12)]
    public async Task The_copy_costs_at_most_300_bytes_and_the_cost_of_its_headers(int headers)
    {
        TestAuthorizationServer server = new();
        ServiceCollection services = new();
        TestProvider.AddClient(services, "");
        services.AddHttpClient("api", client => client.BaseAddress = new("https://api.example.com"))
            .ConfigurePrimaryHttpMessageHandler(() => new Ready()).RemoveAllLoggers().AddClientCredentialsHandler();
        services.UseTestAuthorizationServer(server);
        await using ServiceProvider provider = services.BuildServiceProvider();
        _ = provider.GetRequiredService<IHttpClientFactory>().CreateClient("api");
        HttpMessageHandler handler = provider.GetRequiredService<IHttpMessageHandlerFactory>().CreateHandler("api");
        while (handler is DelegatingHandler outer and not AccessTokenHandler)
        {
            handler = outer.InnerHandler!;
        }

        using HttpMessageInvoker ours = new(handler, disposeHandler: false);
        using HttpMessageInvoker none = new(new Constant { InnerHandler = new Ready() });
        Uri address = new("https://api.example.com/orders");
        (await ours.SendAsync(Request(headers), CancellationToken.None)).Dispose();
        long with = BytesOf(() => _ = ours.SendAsync(Request(headers), CancellationToken.None));
        long without = BytesOf(() => _ = none.SendAsync(Request(headers), CancellationToken.None));
        long itsHeaders = BytesOf(() => Request(headers)) - BytesOf(() => Request(0));
        Assert.InRange(with - without - itsHeaders, 0, 300);

        HttpRequestMessage Request(int count)
        {
            HttpRequestMessage request = new(HttpMethod.Get, address);
            for (int number = 0; number < count; number++)
            {
                request.Headers.TryAddWithoutValidation(Names[number], "value");
            }

            return request;
        }
    }

    [Fact]
    [Trait("Req", "R-301")]
    public void A_request_without_an_Authorization_header_is_checked_without_an_allocation()
    {
        using HttpRequestMessage request = new();
        foreach (string name in Names)
        {
            request.Headers.TryAddWithoutValidation(name, "value");
        }

        Assert.Equal(0, BytesOf(() => _ = CallerAuthorization.IsKept(request)));
        Assert.Equal(0, BytesOf(() => _ = CallerAuthorization.SchemeWithoutCredential(request)));
    }

    [Fact]
    [Trait("Req", "R-301")]
    public void A_response_other_than_401_is_checked_without_an_allocation()
    {
        using HttpResponseMessage response = new();
        AccessTokenHandlerOptions options = new();
        Assert.Equal(0, BytesOf(() => _ = TokenRejection.IsPossible(response, options)));
        AccessToken token = new("token", DateTimeOffset.MaxValue);
        Assert.Equal(0, BytesOf(() => _ = TokenRejection.CallsForRenewal(response, token, options)));
    }

    // The minimum of many runs: a token snapshot is renewed once a second, which is not measured here.
    private static long BytesOf(Action action) =>
        Enumerable.Range(0, 200).Min(_ =>
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            action();
            return GC.GetAllocatedBytesForCurrentThread() - before;
        });

    private sealed class Constant : DelegatingHandler
    {
        private readonly System.Net.Http.Headers.AuthenticationHeaderValue _header = new("Bearer", "token-1");

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.Headers.Authorization = _header;
            return base.SendAsync(request, cancellationToken);
        }
    }

    private sealed class Ready : HttpMessageHandler
    {
        private readonly Task<HttpResponseMessage> _response = Task.FromResult(new HttpResponseMessage());

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            _response;
    }
}
