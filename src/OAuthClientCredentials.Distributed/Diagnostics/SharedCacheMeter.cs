using System.Diagnostics.Metrics;

namespace OAuthClientCredentials.Distributed.Diagnostics;

/// <summary>Measures the operations of the stores. Thread-safe.</summary>
internal sealed class SharedCacheMeter : IDisposable
{
    private const string Operation = "oauth.client.shared_cache.operation";
    private const string Outcome = "oauth.client.shared_cache.outcome";

    private readonly Meter _meter;
    private readonly Histogram<double> _duration;

    public SharedCacheMeter(IMeterFactory? meterFactory)
    {
        MeterOptions options = new("OAuthClientCredentials");
        _meter = meterFactory?.Create(options) ?? new Meter(options);
        _duration = _meter.CreateHistogram(
            "oauth.client.shared_cache.duration",
            "s",
            "The duration of the operations of the shared token cache and its lock.",
            tags: null,
            new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1] });
    }

    public void Ended(string operation, string outcome, TimeSpan duration)
    {
        try
        {
            _duration.Record(duration.TotalSeconds, new(Operation, operation), new(Outcome, outcome));
        }
#pragma warning disable CA1031 // A listener may throw any exception, and none of them may fail a call.
        catch (Exception)
#pragma warning restore CA1031
        {
            // The listener has its own diagnostics.
        }
    }

    public void Dispose() => _meter.Dispose();
}
