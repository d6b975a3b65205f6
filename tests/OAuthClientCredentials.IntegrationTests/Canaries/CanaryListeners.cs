using System.Collections;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Runtime.ExceptionServices;

namespace OAuthClientCredentials.IntegrationTests.Canaries;

/// <summary>Searches all diagnostics of the process: logs, activities, metrics, event sources, diagnostic events and exceptions.</summary>
internal sealed class CanaryListeners : IDisposable
{
    public const string Logs = "logs";
    public const string Activities = "activities";
    public const string Metrics = "metrics";
    public const string Events = "events";
    public const string DiagnosticEvents = "diagnostic events";
    public const string Exceptions = "exceptions";

    // An exception thrown during the search would start the next search.
    [ThreadStatic]
    private static bool _isSearching;

    private readonly ActivityListener _activities;
    private readonly MeterListener _metrics = new();
    private readonly CanaryEventListener _events;
    private readonly CanaryDiagnosticObserver _diagnostics;

    public CanaryListeners(params string[] markers)
    {
        Findings = new(markers);
        Logger = new(Findings);
        _activities = new()
        {
            ShouldListenTo = static _ => true,
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = Search,
        };
        ActivitySource.AddActivityListener(_activities);
        _metrics.InstrumentPublished = static (instrument, listener) => listener.EnableMeasurementEvents(instrument);
        _metrics.SetMeasurementEventCallback<byte>(Search);
        _metrics.SetMeasurementEventCallback<short>(Search);
        _metrics.SetMeasurementEventCallback<int>(Search);
        _metrics.SetMeasurementEventCallback<long>(Search);
        _metrics.SetMeasurementEventCallback<float>(Search);
        _metrics.SetMeasurementEventCallback<double>(Search);
        _metrics.SetMeasurementEventCallback<decimal>(Search);
        _metrics.Start();
        _events = new(Findings);
        _diagnostics = new(Findings);
        AppDomain.CurrentDomain.FirstChanceException += Search;
    }

    public static string[] Sources => [Logs, Activities, Metrics, Events, DiagnosticEvents, Exceptions];

    public CanaryFindings Findings { get; }

    /// <summary>Must be added to each application; the other listeners receive the events of the whole process.</summary>
    public CanaryLogger Logger { get; }

    /// <summary>Gauges are measured only when they are collected.</summary>
    public void CollectGauges() => _metrics.RecordObservableInstruments();

    public void Dispose()
    {
        _activities.Dispose();
        _metrics.Dispose();
        _events.Dispose();
        _diagnostics.Dispose();
        AppDomain.CurrentDomain.FirstChanceException -= Search;
    }

    private void Search(Activity activity)
    {
        string name = activity.OperationName;
        Findings.Search(Activities, $"{activity.Source.Name} {name} {activity.DisplayName}");
        Findings.Search(Activities, $"{name} {activity.StatusDescription} {activity.TraceStateString}");
        SearchTags(Activities, name, activity.TagObjects);
        SearchTags(Activities, name, activity.Baggage.Select(item => KeyValuePair.Create(item.Key, (object?)item.Value)));
        SearchTags(Activities, name, activity.Links.SelectMany(link => link.Tags ?? []));
        SearchTags(Activities, name, activity.Events.SelectMany(happened => happened.Tags.Prepend(new(happened.Name, null))));
    }

    private void Search<T>(Instrument instrument, T measurement, ReadOnlySpan<KeyValuePair<string, object?>> tags, object? state)
    {
        Findings.Search(Metrics, $"{instrument.Meter.Name} {instrument.Name} {instrument.Description} {instrument.Unit}");
        SearchTags(Metrics, instrument.Name, tags.ToArray());
    }

    private void Search(object? sender, FirstChanceExceptionEventArgs thrown)
    {
        // The message of a failed assertion is not a leak of the library.
        if (_isSearching || thrown.Exception is Xunit.Sdk.XunitException)
        {
            return;
        }

        _isSearching = true;
        try
        {
            for (Exception? exception = thrown.Exception; exception is not null; exception = exception.InnerException)
            {
                Findings.Search(Exceptions, $"{exception}");
                IEnumerable<DictionaryEntry> data = exception.Data.Cast<DictionaryEntry>();
                SearchTags(Exceptions, "data", data.Select(entry => KeyValuePair.Create($"{entry.Key}", entry.Value)));
            }
        }
        finally
        {
            _isSearching = false;
        }
    }

    private void SearchTags(string source, string name, IEnumerable<KeyValuePair<string, object?>> tags)
    {
        foreach ((string tag, object? value) in tags)
        {
            Findings.Search(source, $"{name} {tag}={value}");
        }
    }
}
