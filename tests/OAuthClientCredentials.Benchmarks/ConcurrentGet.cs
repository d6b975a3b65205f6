using BenchmarkDotNet.Attributes;

namespace OAuthClientCredentials.Benchmarks;

/// <summary>The cost of a cached token with several threads: the time for each call of all threads together.</summary>
[MemoryDiagnoser]
public class ConcurrentGet
{
    private const int Gets = 160_000;

    private HandWrittenProvider _handWritten = null!;
    private TokenProvider _tokens = null!;

    [Params(1, 2, 8)]
    public int Callers { get; set; }

    [GlobalSetup]
    public async Task SetUp()
    {
        _handWritten = new();
        await _handWritten.GetTokenAsync();
        _tokens = TokenEndpoint.CreateProvider();
        await _tokens.GetTokenAsync();
    }

    [GlobalCleanup]
    public async Task TearDown()
    {
        _handWritten.Dispose();
        await _tokens.DisposeAsync();
    }

    [Benchmark(Baseline = true, OperationsPerInvoke = Gets)]
    public Task HandWritten() => InParallel(async () => await _handWritten.GetTokenAsync());

    [Benchmark(OperationsPerInvoke = Gets)]
    public Task Ours() => InParallel(async () => await _tokens.GetTokenAsync());

    private Task InParallel(Func<Task> get) => Task.WhenAll(Enumerable.Range(0, Callers).Select(_ => Task.Run(async () =>
    {
        for (int number = 0; number < Gets / Callers; number++)
        {
            await get();
        }
    })));
}
