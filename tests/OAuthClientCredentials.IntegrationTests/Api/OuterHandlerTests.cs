using System.Net;
using OAuthClientCredentials.IntegrationTests.Canaries;

namespace OAuthClientCredentials.IntegrationTests.Api;

/// <summary>Handlers that applications write themselves, which follow redirects or send copies of a request.</summary>
public sealed class OuterHandlerTests : CanaryTests
{
    [Theory]
    [Trait("Req", "R-110")]
    [Trait("Req", "R-112")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_handler_that_follows_redirects_takes_no_token_to_another_origin(bool copies)
    {
        await using TestHost host = await TestHost.StartRedirectAsync(307, toOther: true, ApiResponses.Of("200"));
        HttpClient client = host.CreateClient(outer: builder => builder
            .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler { AllowAutoRedirect = false })
            .AddHttpMessageHandler(() => new RepeatingHandler((request, response) =>
            {
                HttpRequestMessage next = copies ? Copy(request) : request;
                next.RequestUri = response.Headers.Location;
                return next;
            })));
        await Assert.ThrowsAsync<OriginNotAllowedException>(() => client.GetAsync("orders"));
        Assert.Equal([1], host.ApiTokens);
        Assert.Empty(host.Other.Requests);
    }

    [Fact]
    [Trait("Req", "R-114")]
    [Trait("Req", "R-123")]
    public async Task A_retry_with_a_copy_of_the_request_gets_the_current_token()
    {
        await using TestHost host = await TestHost.StartAsync(ApiResponses.Of("503"));
        ITokenProvider? tokens = null;
        ServiceProvider application = host.Build(services => services
            .AddHttpClient("api", client => client.BaseAddress = host.Api.Address)
            .AddHttpMessageHandler(() => new RepeatingHandler((request, _) =>
            {
                tokens!.Forget("");
                return Copy(request);
            }))
            .AddClientCredentialsHandler());
        tokens = application.GetRequiredService<ITokenProvider>();
        HttpClient client = application.GetRequiredService<IHttpClientFactory>().CreateClient("api");
        using HttpResponseMessage response = await client.GetAsync("orders");
        Assert.Equal([1, 2], host.ApiTokens);
    }

    [Fact]
    [Trait("Req", "R-119")]
    public async Task Content_that_waits_for_100_Continue_is_replayed()
    {
        await using TestHost host = await TestHost.StartAsync(ApiResponses.Of("401 once"), readsBody: token => token >= 2);
        using HttpRequestMessage request = new(HttpMethod.Post, "orders") { Content = RequestContents.All["seekable stream"].Create() };
        request.Headers.ExpectContinue = true;
        using HttpResponseMessage response = await host.CreateClient().SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(await RequestContents.BytesOf("seekable stream"), host.Api.Requests.Last().Body);
    }

    // As applications usually copy a request: everything but the options.
    private static HttpRequestMessage Copy(HttpRequestMessage request)
    {
        HttpRequestMessage copy = new(request.Method, request.RequestUri) { Version = request.Version, Content = request.Content };
        foreach ((string name, IEnumerable<string> values) in request.Headers)
        {
            copy.Headers.TryAddWithoutValidation(name, values);
        }

        return copy;
    }

    /// <summary>Sends a second request, which it makes of the first one and its response.</summary>
    private sealed class RepeatingHandler(Func<HttpRequestMessage, HttpResponseMessage, HttpRequestMessage> next) : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            using HttpResponseMessage first = await base.SendAsync(request, cancellationToken);
            return await base.SendAsync(next(request, first), cancellationToken);
        }
    }
}
