using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Diagnostics;

/// <summary>What monitoring systems store has no client id, secret or token, although the server repeats them in its errors.</summary>
[Collection(nameof(Alone))]
public sealed class ClientIdTests
{
    private const string ClientId = "canary-of-the-id";
    private const string Secret = "canary-of-the-secret";
    private const string Token = "canary-of-the-token";

    [Fact]
    [Trait("Req", "R-214")]
    [Trait("Req", "R-323")]
    public async Task No_metric_span_status_or_health_contains_a_client_id_secret_or_token()
    {
        List<string> texts = [];
        using ActivityListener listener = new()
        {
            ShouldListenTo = source => source.Name is "OAuthClientCredentials" or "Application",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity =>
                texts.AddRange(activity.TagObjects.Select(tag => $"{activity.DisplayName} {tag.Key}={tag.Value}")),
        };
        ActivitySource.AddActivityListener(listener);
        await using TestProvider provider = TestProvider.WithServices(services =>
        {
            TestProvider.AddClient(services, "orders", options => (options.ClientId, options.ClientSecret) = (ClientId, Secret));
            services.AddLogging().AddHealthChecks().AddClientCredentials();
        });
        using Measurements measured = new(provider.Services);
        using ActivitySource source = new("Application");
        using Activity? call = source.StartActivity("call");
        provider.Server.Next(TestResponse.Token(TimeSpan.FromSeconds(100), Token));
        await provider.GetAsync("orders");
        await CollectAsync();
        provider.Server.Always(TestResponse.Error(ClientId, $"{ClientId} {Secret} {Token}"));
        provider.Time.Advance(TimeSpan.FromSeconds(101));
        await provider.FailAsync("orders");
        await CollectAsync();
        Assert.Contains(texts, text => text.Contains("error.type=400", StringComparison.Ordinal));
        Assert.Contains(texts, text => text.Contains("has no valid token", StringComparison.Ordinal));
        Assert.All(texts, text => Assert.DoesNotContain("canary", text, StringComparison.Ordinal));

        async Task CollectAsync()
        {
            texts.AddRange(measured.Series.Concat(measured.CollectAll()));
            ClientStatus status = provider.Tokens.GetStatus("orders");
            texts.Add($"{status} {status.State} {status.TokenFingerprint} {status.LastRenewalReason}");
            HealthReport report = await provider.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync();
            foreach (HealthReportEntry entry in report.Entries.Values)
            {
                texts.Add($"{entry.Status} {entry.Description} {entry.Exception}");
                texts.AddRange(entry.Data.Select(pair => $"{pair.Key}={pair.Value}"));
            }
        }
    }
}
