using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http;
using Microsoft.Extensions.Http.Resilience;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;
using Polly;
using Polly.Extensions.Http;

namespace OAuthClientCredentials.Tests.Resilience;

/// <summary>Retries that the application adds to its HttpClients do not wrap token requests. Its other handlers do.</summary>
public sealed class OuterRetryTests
{
    private static readonly IAsyncPolicy<HttpResponseMessage> RetryThreeTimes =
        HttpPolicyExtensions.HandleTransientHttpError().RetryAsync(3);

    private static readonly Dictionary<string, Action<IHttpClientBuilder>> Retries = new(StringComparer.Ordinal)
    {
        ["AddPolicyHandler"] = http => http.AddPolicyHandler(RetryThreeTimes),
        ["AddPolicyHandler, by request"] = http => http.AddPolicyHandler((_, _) => RetryThreeTimes),
        ["AddTransientHttpErrorPolicy"] = http => http.AddTransientHttpErrorPolicy(policy => policy.RetryAsync(3)),
        ["AddStandardResilienceHandler"] = http => http.AddStandardResilienceHandler(options => options.Retry.Delay = TimeSpan.Zero),
        ["AddStandardHedgingHandler"] = http =>
            http.AddStandardHedgingHandler().Configure(options => options.Hedging.Delay = TimeSpan.Zero),
        ["AddResilienceHandler"] = http => http.AddResilienceHandler("x", AddRetry),
        ["new PolicyHttpMessageHandler"] = http => http.AddHttpMessageHandler(() => new PolicyHttpMessageHandler(RetryThreeTimes)),
        ["derived"] = http => http.AddHttpMessageHandler(() => new DerivedHandler()),
    };

    public static TheoryData<string, bool> All
    {
        get
        {
            TheoryData<string, bool> all = [];
            foreach (string retry in Retries.Keys)
            {
                all.Add(retry, true);
                all.Add(retry, false);
            }

            return all;
        }
    }

    [Theory]
    [Trait("Req", "R-066")]
    [MemberData(nameof(All))]
    public async Task A_token_request_is_not_repeated_by(string retry, bool inDefaults)
    {
        int assertions = 0;
        int others = 0;
        TestAuthorizationServer server = new();
        server.Always(TestResponse.Unavailable());
        ServiceCollection services = new();
        services.AddClientCredentials(options =>
        {
            TestProvider.Configure(options);
            (options.ClientSecret, options.MaxRetries) = (null, 2);
            options.UseClientAssertion(_ => new($"assertion-{Interlocked.Increment(ref assertions)}"));
        });
        IHttpClientBuilder other = services.AddHttpClient("other").ConfigurePrimaryHttpMessageHandler(() => new StubHandler(_ =>
        {
            Interlocked.Increment(ref others);
            return new HttpResponseMessage(HttpStatusCode.ServiceUnavailable);
        }));
        if (inDefaults)
        {
            services.ConfigureHttpClientDefaults(Retries[retry]);
        }
        else
        {
            Retries[retry](other);
            Retries[retry](services.AddHttpClient(TokenClient.HttpClientName));
        }

        await using ServiceProvider provider = services.UseTestAuthorizationServer(server).BuildServiceProvider();
        await Assert.ThrowsAsync<TokenRequestException>(
            async () => await provider.GetRequiredService<ITokenProvider>().GetTokenAsync());
        Assert.InRange(server.Requests.Count, 1, 3);
        Assert.All(server.Requests, (request, index) => Assert.True(request.Used($"assertion-{index + 1}")));

        // The same handler repeats another request.
        HttpClient http = provider.GetRequiredService<IHttpClientFactory>().CreateClient("other");
        (await http.GetAsync("https://api.example.com/")).Dispose();
        Assert.InRange(others, 2, 4);
    }

    [Fact]
    [Trait("Req", "R-066")]
    public async Task Other_handlers_wrap_the_token_request_in_their_order()
    {
        List<string> seen = [];
        await using TestProvider provider = TestProvider.WithServices(services =>
        {
            services.ConfigureHttpClientDefaults(http => http
                .AddHttpMessageHandler(() => new NamedHandler("first of all", seen))
                .AddPolicyHandler(RetryThreeTimes)
                .AddHttpMessageHandler(() => new NamedHandler("second of all", seen)));
            TestProvider.AddClient(services, "");
            services.AddHttpClient(TokenClient.HttpClientName)
                .AddHttpMessageHandler(() => new NamedHandler("first", seen))
                .AddPolicyHandler(RetryThreeTimes)
                .AddHttpMessageHandler(() => new NamedHandler("second", seen));
        });
        await provider.GetAsync();
        Assert.Equal(["first of all", "second of all", "first", "second"], seen);
    }

    private static void AddRetry(ResiliencePipelineBuilder<HttpResponseMessage> builder) =>
        builder.AddRetry(new HttpRetryStrategyOptions { MaxRetryAttempts = 3, Delay = TimeSpan.Zero });

    private sealed class DerivedHandler() : PolicyHttpMessageHandler(RetryThreeTimes);

    private sealed class NamedHandler(string name, List<string> seen) : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            seen.Add(name);
            return base.SendAsync(request, cancellationToken);
        }
    }
}
