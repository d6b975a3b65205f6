using System.Text;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Soak;

/// <summary>A million requests of which each is another: the cache must not grow with them .</summary>
internal static class DistinctRequests
{
    private const int Count = 1_000_000;

    public static async Task<Report> RunAsync()
    {
        using Endpoint endpoint = new();
        await using TokenProvider tokens = TokenProvider.Create(
            options => (options.TokenEndpoint, options.ClientId, options.ClientSecret) = ("https://id.example.com/token", "shop", "secret"), endpoint);
        Memory memory = new();
        for (int number = 1; number <= Count; number++)
        {
            await tokens.GetTokenAsync(request: new() { Scopes = [$"scope-{number}"] });
            if (number % (Count / 30) == 0)
            {
                memory.Sample();
            }
        }

        Report report = new();
        report.Note("requests", Count);
        report.AtMost("sources", tokens.SourceCount(), 10_001);
        memory.ReportTo(report);
        return report;
    }

    private sealed class Endpoint : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult(new HttpResponseMessage { Content = new StringContent("{\"access_token\":\"abc\",\"expires_in\":3600}", Encoding.UTF8, "application/json") });
    }
}
