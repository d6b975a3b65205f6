using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Soak;

/// <summary>Months of simulated time in real minutes: 200 callers with five tokens, a server with every fault, and revocations.</summary>
internal static class SimulatedTimeRun
{
    private const int Callers = 200;
    private const int Sources = 5;

    public static async Task<Report> RunAsync(TimeSpan duration)
    {
        TestTimeProvider time = new();
        FaultyServer server = new(time);
        ServiceCollection services = new();
        services.AddSingleton<TimeProvider>(time);
        services.AddClientCredentials(options =>
        {
            (options.TokenEndpoint, options.ClientId, options.ClientSecret) = ("https://id.example.com/token", "shop", "secret");
            options.MaxRetries = 0;
        }).ConfigureHttpClient(http => http.ConfigurePrimaryHttpMessageHandler(() => server));
        services.AddHttpClient("api", client => client.BaseAddress = new("https://api.example.com"))
            .AddClientCredentialsHandler()
            .ConfigurePrimaryHttpMessageHandler(() => server)
            .RemoveAllLoggers();
        await using ServiceProvider provider = services.BuildServiceProvider();
        TokenProvider tokens = (TokenProvider)provider.GetRequiredService<ITokenProvider>();
        HttpClient api = provider.GetRequiredService<IHttpClientFactory>().CreateClient("api");
        TokenRequest[] requests = [.. Enumerable.Range(0, Sources).Select(number => new TokenRequest { Scopes = [$"scope-{number}"] })];
        CallCounter counter = new();
        MemorySamples memory = new();
        DateTimeOffset startTime = time.GetUtcNow();
        long start = Stopwatch.GetTimestamp();
        double nextSample = 0;
        while (Stopwatch.GetElapsedTime(start) < duration)
        {
            server.ChangeState();
            await Task.WhenAll(Enumerable.Range(0, Callers).Select(caller => counter.CallAsync(api, requests[caller % Sources])));

            // A step of the clock is longer than the attempt timeout, so no request may be in flight.
            while (requests.Any(request => tokens.IsInFlight("", request)))
            {
                await Task.Yield();
            }

            time.Advance(TimeSpan.FromSeconds(20 + Random.Shared.Next(20)));
            if (Stopwatch.GetElapsedTime(start) / duration > nextSample)
            {
                memory.Add();
                nextSample += 0.05;
            }
        }

        return server.Report(time.GetUtcNow() - startTime, counter, memory);
    }

    /// <summary>An authorization server and an API. Unlike TestAuthorizationServer it keeps no requests in memory.</summary>
    private sealed class FaultyServer(TestTimeProvider time) : HttpMessageHandler
    {
        private static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);

        private readonly ConcurrentDictionary<string, DateTimeOffset> _tokens = new();
        private DateTimeOffset _outageEnds;
        private DateTimeOffset _nextOutage;
        private int _outages;
        private int _issued;
        private int _failed;
        private int _revoked;
        private int _expiredSeen;

        /// <summary>Starts an outage or revokes the tokens now and then.</summary>
        public void ChangeState()
        {
            DateTimeOffset now = time.GetUtcNow();
            if (now >= _nextOutage)
            {
                _outages++;
                _outageEnds = now.AddMinutes(Random.Shared.Next(4));
                _nextOutage = now.AddMinutes(60 + Random.Shared.Next(300));
                foreach (string expired in _tokens.Where(token => token.Value < now).Select(token => token.Key).ToArray())
                {
                    _tokens.TryRemove(expired, out _);
                }
            }
            else if (now >= _outageEnds && Random.Shared.Next(1000) == 0)
            {
                _revoked += _tokens.Any(token => token.Value > now) ? Sources : 0;
                _tokens.Clear();
            }
        }

        public Report Report(TimeSpan elapsed, CallCounter counter, MemorySamples memory)
        {
            Report report = new();
            double ideal = (Sources * elapsed / (0.75 * Lifetime)) + _revoked;
            double failedShare = (counter.Failed + counter.Unauthorized) / (double)counter.Calls;
            report.Note("simulated days", elapsed.TotalDays.ToString("0"));
            report.Note("calls", counter.Calls);
            report.Note("outages, revoked tokens, failed responses", $"{_outages}, {_revoked}, {_failed}");
            report.Note("failed calls, calls with 401", $"{counter.Failed}, {counter.Unauthorized}");
            report.Note("tokens issued", _issued);
            report.AtMost("tokens issued / ideal (elapsed / (0.75 lifetime) + revoked)", _issued / ideal, 1.1);
            report.AtMost("share of calls that failed or received a 401", failedShare, 0.005);
            report.AtMost("expired tokens received by the API", _expiredSeen, 0);
            memory.ReportTo(report);
            return report;
        }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            await Task.Yield();
            return request.RequestUri!.Host == "api.example.com" ? Call(request.Headers.Authorization?.Parameter ?? "") : IssueToken();
        }

        private HttpResponseMessage Call(string token)
        {
            bool isKnown = _tokens.TryGetValue(token, out DateTimeOffset expiry);
            if (isKnown && expiry <= time.GetUtcNow())
            {
                Interlocked.Increment(ref _expiredSeen);
            }

            return new(isKnown ? HttpStatusCode.OK : HttpStatusCode.Unauthorized);
        }

        private HttpResponseMessage IssueToken()
        {
            int fault = Random.Shared.Next(time.GetUtcNow() < _outageEnds ? 4 : 100);
            if (fault < 4)
            {
                Interlocked.Increment(ref _failed);
                return fault switch
                {
                    0 => throw new HttpRequestException(HttpRequestError.ConnectionError, "refused"),
                    1 => new(HttpStatusCode.ServiceUnavailable),
                    2 => Json("{\"access_token\":"),
                    _ => new(HttpStatusCode.TooManyRequests) { Headers = { RetryAfter = new(TimeSpan.FromSeconds(5)) } },
                };
            }

            string token = $"token-{Interlocked.Increment(ref _issued)}";
            _tokens[token] = time.GetUtcNow() + Lifetime;
            return Json($$"""{"access_token":"{{token}}","expires_in":3600}""");
        }

        private static HttpResponseMessage Json(string body) =>
            new() { Content = new StringContent(body, Encoding.UTF8, "application/json") };
    }
}
