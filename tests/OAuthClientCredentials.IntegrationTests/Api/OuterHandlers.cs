using Microsoft.Extensions.Http.Resilience;
using Polly;
using Polly.Retry;

namespace OAuthClientCredentials.IntegrationTests.Api;

/// <summary>The retries that an application may put around our handler.</summary>
internal static class OuterHandlers
{
    public const int Attempts = 4;

    public static readonly string[] Names = ["nothing", "plain Polly", "standard resilience", "hedging"];

    public static int AttemptsOf(string name) => name == "nothing" ? 1 : Attempts;

    public static void Add(IHttpClientBuilder builder, string name)
    {
        switch (name)
        {
            case "plain Polly":
                builder.AddHttpMessageHandler(() => new PlainPolly());
                break;
            case "standard resilience":
                builder.AddStandardResilienceHandler(options =>
                {
                    options.Retry.MaxRetryAttempts = Attempts - 1;
                    options.Retry.Delay = TimeSpan.FromMilliseconds(1);
                    options.Retry.BackoffType = DelayBackoffType.Constant;
                    options.CircuitBreaker.MinimumThroughput = int.MaxValue;
                });
                break;
            case "hedging":
                builder.AddStandardHedgingHandler().Configure(options =>
                {
                    options.Hedging.MaxHedgedAttempts = Attempts - 1;
                    options.Hedging.Delay = TimeSpan.FromMilliseconds(1);
                    options.Endpoint.CircuitBreaker.MinimumThroughput = int.MaxValue;
                });
                break;
            default:
                break;
        }
    }

    /// <summary>A retry that an application writes itself: it sends the same request again unless the response is a success.</summary>
    private sealed class PlainPolly : DelegatingHandler
    {
        private static readonly ResiliencePipeline<HttpResponseMessage> Pipeline = new ResiliencePipelineBuilder<HttpResponseMessage>()
            .AddRetry(new RetryStrategyOptions<HttpResponseMessage>
            {
                MaxRetryAttempts = Attempts - 1,
                Delay = TimeSpan.Zero,
                ShouldHandle = new PredicateBuilder<HttpResponseMessage>()
                    .Handle<Exception>()
                    .HandleResult(response => !response.IsSuccessStatusCode),
            })
            .Build();

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Pipeline.ExecuteAsync(async token => await base.SendAsync(request, token), cancellationToken).AsTask();
    }
}
