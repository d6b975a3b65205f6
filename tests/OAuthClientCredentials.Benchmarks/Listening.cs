using System.Diagnostics;
using System.Diagnostics.Metrics;
using BenchmarkDotNet.Attributes;

namespace OAuthClientCredentials.Benchmarks;

/// <summary>The cost of a cached token while a listener receives all metrics and traces of the library .</summary>
[MemoryDiagnoser]
public class Listening
{
    private readonly MeterListener _metrics = new();
    private ActivityListener? _activities;
    private TokenProvider _tokens = null!;

    [GlobalSetup(Target = nameof(Nobody))]
    public async Task SetUp()
    {
        _tokens = TokenEndpoint.CreateProvider();
        await _tokens.GetTokenAsync();
    }

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
    public async Task TearDown()
    {
        _metrics.Dispose();
        _activities?.Dispose();
        await _tokens.DisposeAsync();
    }

    [Benchmark(Baseline = true)]
    public ValueTask<AccessToken> Nobody() => _tokens.GetTokenAsync();

    [Benchmark]
    public ValueTask<AccessToken> Everything() => _tokens.GetTokenAsync();
}
