using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Diagnostics.Tracing;
using System.Reflection;
using System.Text;
using OAuthClientCredentials.IntegrationTests.Api;

namespace OAuthClientCredentials.IntegrationTests.Canaries;

/// <summary>The canary listeners receive all diagnostics and find a secret in each of them.</summary>
public sealed class CanaryListenerTests : CanaryTests
{
    private const string Decoy = "DecoyH5tR8mZ";

    [Theory]
    [Trait("Req", "R-210")]
    [InlineData("log exception")]
    [InlineData("log value")]
    [InlineData("log scope")]
    [InlineData("activity tag")]
    [InlineData("activity event")]
    [InlineData("activity baggage")]
    [InlineData("metric tag")]
    [InlineData("event text")]
    [InlineData("event bytes")]
    [InlineData("diagnostic event")]
    [InlineData("nested diagnostic event")]
    [InlineData("exception message")]
    [InlineData("inner exception data")]
    public void A_leak_is_found_wherever_it_occurs(string where)
    {
        using CanaryListeners listeners = new(Decoy);
        Leak(where, $"Bearer {Decoy}-1", listeners);
        Assert.NotEmpty(listeners.Findings.Found);
    }

    [Theory]
    [Trait("Req", "R-210")]
    [InlineData("", 0)]
    [InlineData("https://api.example.com/?access_token=", 0)]
    [InlineData("shop:", 1)]
    [InlineData("shop", 1)]
    [InlineData("shops:", 1)]
    public void A_leak_is_found_in_any_encoding(string prefix, int base64)
    {
        CanaryFindings findings = new(Decoy);
        string text = $"{prefix}{Decoy}, more";
        findings.Search("test", base64 == 1 ? $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes(text))}" : text);
        Assert.Single(findings.Found);
    }

    [Fact]
    [Trait("Req", "R-210")]
    public async Task Every_listener_receives_events_of_a_call_and_finds_no_canary()
    {
        using CanaryListeners listeners = new(Canary.Marker);
        await using TestHost host = await TestHost.StartAsync(ApiResponses.Of("401 once"));
        host.Listeners = listeners;
        HttpClient client = host.CreateClient();
        (await client.GetAsync("orders")).Dispose();
        host.TokenResponse = context => throw new InvalidOperationException("failed");
        HttpRequestMessage request = new HttpRequestMessage(HttpMethod.Get, "orders").SetTokenRequest(new() { Scopes = ["a"] });
        await Assert.ThrowsAnyAsync<Exception>(async () => (await client.SendAsync(request)).Dispose());
        Assert.All(CanaryListeners.Sources, source => Assert.True(listeners.Findings.Count(source) > 0, source));
        Assert.Empty(listeners.Findings.Found);
    }

    [Fact]
    [Trait("Req", "R-210")]
    public async Task Only_the_tracing_of_the_platform_contains_the_token()
    {
        using PlatformListener listener = new();
        await using TestHost host = await TestHost.StartAsync(ApiResponses.Of("200"));
        (await host.CreateClient().GetAsync("orders")).Dispose();
        Assert.NotEmpty(listener.Findings.Found);
    }

    [Fact]
    public void Every_integration_test_derives_from_CanaryTests() =>
        Assert.Empty(typeof(CanaryTests).Assembly.GetTypes()
            .Where(type => type.GetMethods().Any(method => method.GetCustomAttributes<FactAttribute>().Any()))
            .Where(type => !type.IsSubclassOf(typeof(CanaryTests)))
            .Select(type => type.Name));

    private static void Leak(string where, string secret, CanaryListeners listeners)
    {
        ILogger logger = listeners.Logger.CreateLogger("leak");
        using ActivitySource source = new("leak");
        using Meter meter = new("leak");
        using DiagnosticListener listener = new("leak");
        using LeakingEvents events = new();
        EventSourceOptions verbose = new() { Level = EventLevel.Verbose };
        switch (where)
        {
            case "log exception":
                logger.LogTrace(new EventId(1), new InvalidOperationException(secret), "caught");
                break;
            case "log value":
                logger.Log(LogLevel.Trace, default, new Dictionary<string, object?> { ["header"] = secret }, null, (_, _) => "***");
                break;
            case "log scope":
                logger.BeginScope("{Header}", secret)?.Dispose();
                break;
            case "activity tag":
                source.StartActivity("call")?.SetTag("header", secret).Dispose();
                break;
            case "activity event":
                source.StartActivity("call")?.AddEvent(new("sent", tags: new([new("header", secret)]))).Dispose();
                break;
            case "activity baggage":
                source.StartActivity("call")?.SetBaggage("header", secret).Dispose();
                break;
            case "metric tag":
                meter.CreateCounter<int>("calls").Add(1, new KeyValuePair<string, object?>("header", secret));
                break;
            case "event text":
                events.Write("sent", verbose, new Payload { Text = secret });
                break;
            case "event bytes":
                events.Write("sent", verbose, new Payload { Bytes = Encoding.UTF8.GetBytes(secret) });
                break;
            case "diagnostic event":
                listener.Write("sent", secret);
                break;
            case "nested diagnostic event":
                listener.Write("sent", new { Request = new { Header = secret } });
                break;
            case "exception message":
                Record.Exception((Action)(() => throw new InvalidOperationException(secret)));
                break;
            default:
                Exception inner = new InvalidOperationException("inner") { Data = { ["header"] = secret } };
                Record.Exception((Action)(() => throw new InvalidOperationException("outer", inner)));
                break;
        }
    }

    [EventData]
    private sealed class Payload
    {
        public string Text { get; set; } = "";

        public byte[] Bytes { get; set; } = [];
    }

    private sealed class LeakingEvents() : EventSource("leak");

    /// <summary>Searches only the events that <see cref="CanaryEventListener"/> ignores.</summary>
    private sealed class PlatformListener : EventListener
    {
        public CanaryFindings Findings { get; } = new(Canary.Marker);

        protected override void OnEventSourceCreated(EventSource eventSource)
        {
            if (eventSource.Name == CanaryEventListener.PlatformTracing + "System.Net.Http")
            {
                EnableEvents(eventSource, EventLevel.Verbose);
            }
        }

        protected override void OnEventWritten(EventWrittenEventArgs eventData) =>
            Findings?.Search("platform", string.Join(' ', eventData.Payload ?? (IEnumerable<object?>)[]));
    }
}
