using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;
using OAuthClientCredentials.Transport;

namespace OAuthClientCredentials.Soak;

/// <summary>Months of fake time: 200 callers over five tokens, a server with every fault, revocations now and then. It takes real minutes.</summary>
internal static class Months
{
    private const int Callers = 200;
    private const int Sources = 5;

    public static async Task<Report> RunAsync(TimeSpan duration)
    {
        TestTimeProvider time = new();
        Faulty server = new(time);
        ServiceCollection services = new();
        services.AddSingleton<TimeProvider>(time);
        services.AddClientCredentials(options => (options.TokenEndpoint, options.ClientId, options.ClientSecret, options.MaxRetries) = ("https://id.example.com/token", "shop", "secret", 0))
            .ConfigureHttpClient(http => http.ConfigurePrimaryHttpMessageHandler(() => server));
        services.AddHttpClient("api", client => client.BaseAddress = new("https://api.example.com")).AddClientCredentialsHandler().ConfigurePrimaryHttpMessageHandler(() => server).RemoveAllLoggers();
        await using ServiceProvider provider = services.BuildServiceProvider();
        TokenProvider tokens = (TokenProvider)provider.GetRequiredService<ITokenProvider>();
        HttpClient api = provider.GetRequiredService<IHttpClientFactory>().CreateClient("api");
        TokenRequest[] requests = [.. Enumerable.Range(0, Sources).Select(number => new TokenRequest { Scopes = [$"scope-{number}"] })];
        Tally tally = new();
        Memory memory = new();
        DateTimeOffset start = time.GetUtcNow();
        long began = Stopwatch.GetTimestamp();
        double nextSample = 0;
        while (Stopwatch.GetElapsedTime(began) < duration)
        {
            server.Weather();
            await Task.WhenAll(Enumerable.Range(0, Callers).Select(caller => tally.CountAsync(() => CallAsync(api, requests[caller % Sources]))));

            // A step of this clock is longer than an attempt may take: what is under way would time out.
            while (requests.Any(request => tokens.IsInFlight("", request)))
            {
                await Task.Yield();
            }

            time.Advance(TimeSpan.FromSeconds(20 + Random.Shared.Next(20)));
            if (Stopwatch.GetElapsedTime(began) / duration > nextSample)
            {
                memory.Sample();
                nextSample += 0.05;
            }
        }

        return server.Report(time.GetUtcNow() - start, tally, memory);
    }

    private static async Task<HttpStatusCode> CallAsync(HttpClient api, TokenRequest request)
    {
        using HttpRequestMessage message = new(HttpMethod.Get, "/orders");
        message.SetTokenRequest(request);
        using HttpResponseMessage response = await api.SendAsync(message);
        return response.StatusCode;
    }

    /// <summary>Authorization server and API in one.</summary>
    private sealed class Faulty(TestTimeProvider time) : HttpMessageHandler
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

        public void Weather()
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
                _revoked += _tokens.Count(token => token.Value > now) is > 0 ? Sources : 0;
                _tokens.Clear();
            }
        }

        public Report Report(TimeSpan elapsed, Tally tally, Memory memory)
        {
            Report report = new();
            double ideal = (Sources * elapsed / (0.75 * Lifetime)) + _revoked;
            report.Note("fake days", elapsed.TotalDays.ToString("0"));
            report.Note("calls", tally.Calls);
            report.Note("outages, tokens revoked, failing answers", $"{_outages}, {_revoked}, {_failed}");
            report.Note("calls that failed, calls answered 401", $"{tally.Failed}, {tally.Unauthorized}");
            report.Note("tokens issued", _issued);
            report.AtMost("tokens issued over ideal (elapsed / (0.75 lifetime) + revoked)", _issued / ideal, 1.1);
            report.AtMost("share of calls that failed or met a 401", (tally.Failed + tally.Unauthorized) / (double)tally.Calls, 0.005);
            report.AtMost("expired tokens seen by the API", _expiredSeen, 0);
            memory.ReportTo(report);
            return report;
        }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            await Task.Yield();
            return request.RequestUri!.Host == "api.example.com" ? AnswerCall(request.Headers.Authorization?.Parameter ?? "") : AnswerTokenRequest();
        }

        private HttpResponseMessage AnswerCall(string token)
        {
            bool isKnown = _tokens.TryGetValue(token, out DateTimeOffset expiry);
            if (isKnown && expiry <= time.GetUtcNow())
            {
                Interlocked.Increment(ref _expiredSeen);
            }

            return new(isKnown ? HttpStatusCode.OK : HttpStatusCode.Unauthorized);
        }

        private HttpResponseMessage AnswerTokenRequest()
        {
            bool isOut = time.GetUtcNow() < _outageEnds;
            int fault = isOut ? Random.Shared.Next(4) : Random.Shared.Next(100);
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

        private static HttpResponseMessage Json(string body) => new() { Content = new StringContent(body, Encoding.UTF8, "application/json") };
    }
}
