using BenchmarkDotNet.Attributes;
using OAuthClientCredentials.Caching;

namespace OAuthClientCredentials.Benchmarks;

/// <summary>The cost of the clock in a cache hit, and the same comparison with a coarse clock, which no TimeProvider has.</summary>
public class Clock
{
    private TokenProvider _tokens = null!;
    private TokenSource _source = null!;
    private TokenSnapshot _coarse = null!;

    [GlobalSetup]
    public async Task SetUp()
    {
        _tokens = TokenEndpoint.CreateProvider();
        AccessToken token = await _tokens.GetTokenAsync();
        _source = _tokens.GetSource("", null);
        _coarse = new(token, Environment.TickCount64 + 3_600_000);
    }

    [GlobalCleanup]
    public ValueTask TearDown() => _tokens.DisposeAsync();

    [Benchmark(Baseline = true)]
    public ValueTask<AccessToken?> Hit() =>
        _source.TryGet() is { } token ? new(token) : _source.GetAsync(null, null, CancellationToken.None);

    [Benchmark]
    public long TimestampAlone() => TimeProvider.System.GetTimestamp();

    [Benchmark]
    public long CoarseAlone() => Environment.TickCount64;

    [Benchmark]
    public ValueTask<AccessToken?> HitWithCoarseClock()
    {
        TokenSnapshot snapshot = Volatile.Read(ref _coarse);
        return Environment.TickCount64 < snapshot.Until ? new(snapshot.Token) : default;
    }
}
