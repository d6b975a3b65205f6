using BenchmarkDotNet.Attributes;

namespace OAuthClientCredentials.Benchmarks;

/// <summary>The cost of a cached token among 10,000 others. A cache that scans its entries gets slower with their number.</summary>
[MemoryDiagnoser]
public class ManySources
{
    private TokenProvider _few = null!;
    private TokenProvider _many = null!;
    private TokenRequest[] _requests = null!;
    private int _next;

    [GlobalSetup]
    public async Task SetUp()
    {
        _few = TokenEndpoint.CreateProvider();
        _many = TokenEndpoint.CreateProvider();
        _requests = [.. Enumerable.Range(0, 10_000).Select(number => new TokenRequest { Scopes = [$"scope-{number}"] })];
        await _few.GetTokenAsync(request: _requests[0]);
        foreach (TokenRequest request in _requests)
        {
            await _many.GetTokenAsync(request: request);
        }
    }

    [GlobalCleanup]
    public async Task TearDown()
    {
        await _few.DisposeAsync();
        await _many.DisposeAsync();
    }

    [Benchmark(Baseline = true)]
    public ValueTask<AccessToken> OneSource() => _few.GetTokenAsync(request: _requests[0]);

    [Benchmark]
    public ValueTask<AccessToken> OneOfTenThousand() => _many.GetTokenAsync(request: _requests[0]);

    /// <summary>A different one each time: this measures the memory of the machine, not the library.</summary>
    [Benchmark]
    public ValueTask<AccessToken> EachOfTenThousand() => _many.GetTokenAsync(request: _requests[_next = (_next + 7) % 10_000]);
}
