using System.Diagnostics.Tracing;
using System.Text;

namespace OAuthClientCredentials.IntegrationTests.Canaries;

/// <summary>Searches every event of every EventSource at the most verbose level.</summary>
internal sealed class CanaryEventListener(CanaryFindings findings) : EventListener
{
    /// <summary>
    /// The platform's internal tracing copies whole requests and the bytes that are sent, so the token is in it.
    /// No library can keep a header out of these events.
    /// </summary>
    public const string PlatformTracing = "Private.InternalDiagnostics.";

    /// <summary>The runtime and the scheduler send millions of names and numbers. The test runner sends the arguments of tests.</summary>
    private static readonly string[] Ignored =
    [
        "Microsoft-Windows-DotNETRuntime",
        "System.Threading.Tasks.TplEventSource",
        "System.Buffers.ArrayPoolEventSource",
        "xUnit.TestEventSource",
    ];

    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (!eventSource.Name.StartsWith(PlatformTracing, StringComparison.Ordinal) && !Ignored.Contains(eventSource.Name))
        {
            EnableEvents(eventSource, EventLevel.Verbose, EventKeywords.All);
        }
    }

    // The base constructor reports existing sources, before the parameter is set.
    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        string name = $"{eventData.EventSource.Name} {eventData.EventName}";
        findings?.Search(CanaryListeners.Events, $"{name} {eventData.Message} {string.Join(' ', eventData.Payload?.Select(Text) ?? [])}");
    }

    private static string Text(object? value) => value switch
    {
        byte[] bytes => Encoding.Latin1.GetString(bytes),
        IEnumerable<object> several => string.Join(' ', several.Select(Text)),
        _ => $"{value}",
    };
}
