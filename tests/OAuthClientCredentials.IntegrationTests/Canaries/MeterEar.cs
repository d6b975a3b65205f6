using System.Diagnostics.Metrics;

namespace OAuthClientCredentials.IntegrationTests.Canaries;

/// <summary>Every measurement of every meter: the instrument and its tags.</summary>
internal sealed class MeterEar : IDisposable
{
    private readonly Sightings _sightings;
    private readonly MeterListener _listener = new();

    public MeterEar(Sightings sightings)
    {
        _sightings = sightings;
        _listener.InstrumentPublished = static (instrument, listener) => listener.EnableMeasurementEvents(instrument);
        _listener.SetMeasurementEventCallback<byte>(Look);
        _listener.SetMeasurementEventCallback<short>(Look);
        _listener.SetMeasurementEventCallback<int>(Look);
        _listener.SetMeasurementEventCallback<long>(Look);
        _listener.SetMeasurementEventCallback<float>(Look);
        _listener.SetMeasurementEventCallback<double>(Look);
        _listener.SetMeasurementEventCallback<decimal>(Look);
        _listener.Start();
    }

    public void Dispose() => _listener.Dispose();

    private void Look<T>(Instrument instrument, T measurement, ReadOnlySpan<KeyValuePair<string, object?>> tags, object? state)
    {
        _sightings.Look(nameof(MeterEar), $"{instrument.Meter.Name} {instrument.Name} {instrument.Description} {instrument.Unit}");
        foreach ((string name, object? value) in tags)
        {
            _sightings.Look(nameof(MeterEar), $"{instrument.Name} {name}={value}");
        }
    }
}
