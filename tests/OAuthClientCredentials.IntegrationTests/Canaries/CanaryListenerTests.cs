using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Diagnostics.Tracing;
using System.Reflection;
using System.Text;
using OAuthClientCredentials.IntegrationTests.Api;

namespace OAuthClientCredentials.IntegrationTests.Canaries;

/// <summary>A listener that hears nothing proves nothing: each ear is shown to be awake, and to cry out.</summary>
public sealed class CanaryListenerTests(Ground ground) : CanaryTests, IClassFixture<Ground>
{
    private const string Decoy = "DecoyH5tR8mZ";

    public static TheoryData<string, string> Leaks
    {
        get
        {
            TheoryData<string, string> data = [];
            foreach (string form in new[] { "as it is", "in an URL", "after a colon in base64" })
            {
                data.Add("text of a log", form);
                data.Add("part of a log", form);
                data.Add("scope of a log", form);
                data.Add("tag of an activity", form);
                data.Add("event of an activity", form);
                data.Add("baggage of an activity", form);
                data.Add("tag of a metric", form);
                data.Add("payload of an event", form);
                data.Add("bytes of an event", form);
                data.Add("payload of a diagnostic event", form);
                data.Add("deep in a diagnostic event", form);
                data.Add("text of an exception", form);
                data.Add("data of an inner exception", form);
            }

            return data;
        }
    }

    [Theory]
    [Trait("Req", "R-210")]
    [MemberData(nameof(Leaks))]
    public void A_leak_on_purpose_is_caught(string where, string form)
    {
        using Ears ears = new(Decoy);
        Leak(where, Said(form), ears);
        Assert.NotEmpty(ears.Sightings.Found);
    }

    [Fact]
    [Trait("Req", "R-210")]
    public async Task Every_ear_hears_something_of_a_call_and_nothing_of_a_canary()
    {
        using Ears ears = new(Canary.Marker);
        await using Scene scene = ground.Open(Answers.Of("401 once"));
        scene.Ears = ears;
        HttpClient client = scene.Client();
        (await client.GetAsync("orders")).Dispose();
        scene.Token = context => throw new InvalidOperationException("heard");
        await Assert.ThrowsAnyAsync<Exception>(async () => (await client.SendAsync(new HttpRequestMessage(HttpMethod.Get, "orders").SetTokenRequest(new() { Scopes = ["a"] }))).Dispose());
        Assert.All(Ears.Names, ear => Assert.True(ears.Sightings.HeardOf(ear) > 0, ear));
        Assert.Empty(ears.Sightings.Found);
    }

    [Fact]
    [Trait("Req", "R-210")]
    public async Task What_is_left_out_of_the_events_is_the_wire_itself()
    {
        using Wire wire = new();
        await using Scene scene = ground.Open(Answers.Of("200"));
        (await scene.Client().GetAsync("orders")).Dispose();
        Assert.NotEmpty(wire.Sightings.Found);
    }

    [Fact]
    public void Every_integration_test_is_listened_to() =>
        Assert.Empty(typeof(CanaryTests).Assembly.GetTypes()
            .Where(type => type.GetMethods().Any(method => method.GetCustomAttributes<FactAttribute>().Any()) && !type.IsSubclassOf(typeof(CanaryTests)))
            .Select(type => type.Name));

    private static string Said(string form) => form switch
    {
        "as it is" => $"Bearer {Decoy}-1",
        "in an URL" => $"https://api.example.com/?access_token={Decoy}",
        _ => $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"shop:{Decoy}"))}",
    };

    private static void Leak(string where, string said, Ears ears)
    {
        ILogger logger = LoggerFactory.Create(logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(ears.Logs)).CreateLogger("leak");
        using ActivitySource source = new("leak");
        using Meter meter = new("leak");
        using DiagnosticListener listener = new("leak");
        using LeakingEvents events = new();
        switch (where)
        {
            case "text of a log":
                logger.LogTrace(new EventId(1), new InvalidOperationException(said), "caught");
                break;
            case "part of a log":
                logger.Log(LogLevel.Trace, default, new Dictionary<string, object?> { ["header"] = said }, null, (_, _) => "***");
                break;
            case "scope of a log":
                logger.BeginScope("{Header}", said)?.Dispose();
                break;
            case "tag of an activity":
                source.StartActivity("call")?.SetTag("header", said).Dispose();
                break;
            case "event of an activity":
                source.StartActivity("call")?.AddEvent(new("sent", tags: new([new("header", said)]))).Dispose();
                break;
            case "baggage of an activity":
                source.StartActivity("call")?.SetBaggage("header", said).Dispose();
                break;
            case "tag of a metric":
                meter.CreateCounter<int>("calls").Add(1, new KeyValuePair<string, object?>("header", said));
                break;
            case "payload of an event":
                events.Write("sent", new EventSourceOptions { Level = EventLevel.Verbose }, new Payload { Text = said });
                break;
            case "bytes of an event":
                events.Write("sent", new EventSourceOptions { Level = EventLevel.Verbose }, new Payload { Bytes = Encoding.UTF8.GetBytes(said) });
                break;
            case "payload of a diagnostic event":
                listener.Write("sent", said);
                break;
            case "deep in a diagnostic event":
                listener.Write("sent", new { Request = new { Header = said } });
                break;
            case "text of an exception":
                Record.Exception((Action)(() => throw new InvalidOperationException(said)));
                break;
            default:
                Exception inner = new InvalidOperationException("inner") { Data = { ["header"] = said } };
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

    /// <summary>Hears only what <see cref="EventSourceEar"/> leaves out.</summary>
    private sealed class Wire : EventListener
    {
        public Sightings Sightings { get; } = new(Canary.Marker);

        protected override void OnEventSourceCreated(EventSource eventSource)
        {
            if (eventSource.Name == EventSourceEar.WireTracing + "System.Net.Http")
            {
                EnableEvents(eventSource, EventLevel.Verbose);
            }
        }

        protected override void OnEventWritten(EventWrittenEventArgs eventData) => Sightings?.Look("wire", string.Join(' ', eventData.Payload ?? (IEnumerable<object?>)[]));
    }
}
