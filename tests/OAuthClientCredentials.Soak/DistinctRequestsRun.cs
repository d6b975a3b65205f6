using System.Text;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Soak;

/// <summary>A million requests with different scopes: the cache must not grow with them .</summary>
internal static class DistinctRequestsRun
{
    private const int Count = 1_000_000;

    public static async Task<Report> RunAsync()
    {
        using TokenEndpoint endpoint = new();
        await using TokenProvider tokens = TokenProvider.Create(
            options => (options.TokenEndpoint, options.ClientId, options.ClientSecret) = ("https://id.example.com/token", "shop", "secret"),
            endpoint);
        MemorySamples memory = new();
        for (int number = 1; number <= Count; number++)
        {
            await tokens.GetTokenAsync(request: new() { Scopes = [$"scope-{number}"] });
            if (number % (Count / 30) == 0)
            {
                memory.Add();
            }
        }

        Report report = new();
        report.Note("requests", Count);
        report.AtMost("sources", tokens.SourceCount(), 10_001);
        memory.ReportTo(report);
        return report;
    }

    private sealed class TokenEndpoint : HttpMessageHandler
    {
        private const string Json = "{\"access_token\":\"abc\",\"expires_in\":3600}";

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult(new HttpResponseMessage { Content = new StringContent(Json, Encoding.UTF8, "application/json") });
    }
}
