using System.Diagnostics;
using System.Diagnostics.Metrics;
using BenchmarkDotNet.Attributes;

namespace OAuthClientCredentials.Benchmarks;

/// <summary>The cost of a cached token while a listener receives all metrics and traces of the library .</summary>
[MemoryDiagnoser]
public class Listening
{
    // One provider for both: a second one in the same process is slower, whether or not anybody listens.
    private static readonly TokenProvider Tokens = TokenEndpoint.CreateProvider();

    private readonly MeterListener _metrics = new();
    private ActivityListener? _activities;

    [GlobalSetup(Target = nameof(Nobody))]
    public Task SetUp() => Tokens.GetTokenAsync().AsTask();

    [GlobalSetup(Target = nameof(Everything))]
    public Task SetUpWithListeners()
    {
        _metrics.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == "OAuthClientCredentials")
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _metrics.SetMeasurementEventCallback<double>((_, _, _, _) => { });
        _metrics.SetMeasurementEventCallback<long>((_, _, _, _) => { });
        _metrics.Start();
        _activities = new()
        {
            ShouldListenTo = source => source.Name == "OAuthClientCredentials",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
        };
        ActivitySource.AddActivityListener(_activities);
        return SetUp();
    }

    [GlobalCleanup]
    public void TearDown()
    {
        _metrics.Dispose();
        _activities?.Dispose();
    }

    [Benchmark(Baseline = true)]
    public ValueTask<AccessToken> Nobody() => Tokens.GetTokenAsync();

    [Benchmark]
    public ValueTask<AccessToken> Everything() => Tokens.GetTokenAsync();
}
