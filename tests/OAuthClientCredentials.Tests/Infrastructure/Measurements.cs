using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;

namespace OAuthClientCredentials.Tests.Infrastructure;

/// <summary>What the library measures in one service provider, as <c>name{attribute=value, ...}</c> with its values.</summary>
internal sealed class Measurements : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly ConcurrentQueue<(string Series, double Value)> _all = new();

    public Measurements(IServiceProvider services)
    {
        IMeterFactory factory = services.GetRequiredService<IMeterFactory>();
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == "OAuthClientCredentials" && instrument.Meter.Scope == factory)
            {
                Instruments[instrument.Name] = instrument;
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Add(instrument, value, tags));
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Add(instrument, value, tags));
        _listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Add(instrument, value, tags));
        _listener.Start();
    }

    public ConcurrentDictionary<string, Instrument> Instruments { get; } = new();

    public string[] Series => [.. _all.Select(measured => measured.Series)];

    /// <summary>The values of one series, in order.</summary>
    public double[] Of(string series) => [.. _all.Where(measured => measured.Series == series).Select(measured => measured.Value)];

    /// <summary>Collects the gauges, and returns the current value of one series, or null if there is none.</summary>
    public double? Collect(string series)
    {
        _all.Clear();
        _listener.RecordObservableInstruments();
        double[] values = Of(series);
        return values.Length == 0 ? null : Assert.Single(values);
    }

    /// <summary>Collects the gauges, and returns their series.</summary>
    public string[] CollectAll()
    {
        _all.Clear();
        _listener.RecordObservableInstruments();
        return Series;
    }

    public void Dispose() => _listener.Dispose();

    private void Add(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
        _all.Enqueue(($"{instrument.Name}{{{string.Join(", ", tags.ToArray().Select(tag => $"{tag.Key}={tag.Value}"))}}}", value));
}
