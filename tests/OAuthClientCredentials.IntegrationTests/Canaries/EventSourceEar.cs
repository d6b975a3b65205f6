using System.Diagnostics.Tracing;
using System.Text;

namespace OAuthClientCredentials.IntegrationTests.Canaries;

/// <summary>Every event of every EventSource at the most verbose level.</summary>
internal sealed class EventSourceEar(Sightings sightings) : EventListener
{
    /// <summary>
    /// The platform's own tracing of what it does, for those who debug the platform: it copies whole requests and the bytes on the wire, where a
    /// token has to be. It is internal to System.Net by its name, and no library can keep a header out of it.
    /// </summary>
    public const string WireTracing = "Private.InternalDiagnostics.";

    /// <summary>The runtime's and the scheduler's own events hold names of methods and numbers, millions of them; the test runner's hold the arguments of tests.</summary>
    private static readonly string[] Others = ["Microsoft-Windows-DotNETRuntime", "System.Threading.Tasks.TplEventSource", "System.Buffers.ArrayPoolEventSource", "xUnit.TestEventSource"];

    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (!eventSource.Name.StartsWith(WireTracing, StringComparison.Ordinal) && !Others.Contains(eventSource.Name))
        {
            EnableEvents(eventSource, EventLevel.Verbose, EventKeywords.All);
        }
    }

    // The sources that exist already are told of before the constructor has run.
    protected override void OnEventWritten(EventWrittenEventArgs eventData) =>
        sightings?.Look(nameof(EventSourceEar), $"{eventData.EventSource.Name} {eventData.EventName} {eventData.Message} {string.Join(' ', eventData.Payload?.Select(Text) ?? [])}");

    private static string Text(object? value) => value switch
    {
        byte[] bytes => Encoding.Latin1.GetString(bytes),
        IEnumerable<object> several => string.Join(' ', several.Select(Text)),
        _ => $"{value}",
    };
}
