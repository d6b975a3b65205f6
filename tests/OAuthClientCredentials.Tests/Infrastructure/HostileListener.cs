using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;

namespace OAuthClientCredentials.Tests.Infrastructure;

/// <summary>A listener of one instrument of one service provider, which does what a test says.</summary>
internal sealed class HostileListener : IDisposable
{
    private readonly MeterListener _listener = new();

    public HostileListener(IServiceProvider services, string instrumentName, Action onMeasurement)
    {
        IMeterFactory factory = services.GetRequiredService<IMeterFactory>();
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name == instrumentName && instrument.Meter.Scope == factory)
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<double>((_, _, _, _) => onMeasurement());
        _listener.SetMeasurementEventCallback<long>((_, _, _, _) => onMeasurement());
        _listener.Start();
    }

    public void Dispose() => _listener.Dispose();
}
