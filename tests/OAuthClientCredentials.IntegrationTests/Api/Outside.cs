using Microsoft.Extensions.Http.Resilience;
using Polly;
using Polly.Retry;

namespace OAuthClientCredentials.IntegrationTests.Api;

/// <summary>What an application puts around our handler.</summary>
internal static class Outside
{
    public const int Attempts = 4;

    public static readonly string[] Names = ["nothing", "plain Polly", "standard resilience", "hedging"];

    public static Action<IHttpClientBuilder> Of(string name) => builder =>
    {
        switch (name)
        {
            case "plain Polly":
                builder.AddHttpMessageHandler(() => new PlainPolly());
                break;
            case "standard resilience":
                builder.AddStandardResilienceHandler(Impatient);
                break;
            case "hedging":
                builder.AddStandardHedgingHandler().Configure(options =>
                {
                    (options.Hedging.MaxHedgedAttempts, options.Hedging.Delay) = (Attempts - 1, TimeSpan.FromMilliseconds(1));
                    options.Endpoint.CircuitBreaker.MinimumThroughput = int.MaxValue;
                });
                break;
            default:
                break;
        }
    };

    private static void Impatient(HttpStandardResilienceOptions options)
    {
        (options.Retry.MaxRetryAttempts, options.Retry.Delay, options.Retry.BackoffType) = (Attempts - 1, TimeSpan.FromMilliseconds(1), DelayBackoffType.Constant);
        options.CircuitBreaker.MinimumThroughput = int.MaxValue;
    }

    /// <summary>A retry such as an application writes itself: of whatever is no success, with the same request.</summary>
    private sealed class PlainPolly : DelegatingHandler
    {
        private static readonly ResiliencePipeline<HttpResponseMessage> Pipeline = new ResiliencePipelineBuilder<HttpResponseMessage>()
            .AddRetry(new RetryStrategyOptions<HttpResponseMessage>
            {
                MaxRetryAttempts = Attempts - 1,
                Delay = TimeSpan.Zero,
                ShouldHandle = new PredicateBuilder<HttpResponseMessage>().Handle<Exception>().HandleResult(response => !response.IsSuccessStatusCode),
            })
            .Build();

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Pipeline.ExecuteAsync(async token => await base.SendAsync(request, token), cancellationToken).AsTask();
    }
}
