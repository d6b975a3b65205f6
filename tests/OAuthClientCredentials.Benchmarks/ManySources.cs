using BenchmarkDotNet.Attributes;

namespace OAuthClientCredentials.Benchmarks;

/// <summary>What does a cached token cost among 10,000 others? Rivals that scan grow with the number.</summary>
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
        _few = TokenEndpoint.Provide();
        _many = TokenEndpoint.Provide();
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

    /// <summary>Another each time: the memory of the machine shows, not the library.</summary>
    [Benchmark]
    public ValueTask<AccessToken> EachOfTenThousand() => _many.GetTokenAsync(request: _requests[_next = (_next + 7) % 10_000]);
}
