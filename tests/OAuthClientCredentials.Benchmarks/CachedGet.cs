using BenchmarkDotNet.Attributes;
using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials.Caching;

namespace OAuthClientCredentials.Benchmarks;

/// <summary>What does a token cost that is cached already? (R-300)</summary>
[MemoryDiagnoser]
public class CachedGet
{
    private ServiceProvider _services = null!;
    private HandWrittenProvider _handWritten = null!;
    private ITokenProvider _tokens = null!;
    private TokenSource _source = null!;

    [GlobalSetup]
    public async Task FillAsync()
    {
        _services = StubTokenEndpoint.AddOrders(new ServiceCollection()).BuildServiceProvider();
        _tokens = _services.GetRequiredService<ITokenProvider>();
        _source = _services.GetRequiredService<TokenProvider>().GetSource("orders", null);
        await _tokens.GetTokenAsync("orders");
        _handWritten = new(_ => Task.FromResult((StubTokenEndpoint.Token, TimeSpan.FromDays(1))), TimeProvider.System);
        await _handWritten.GetTokenAsync();
    }

    [GlobalCleanup]
    public async Task DisposeAsync()
    {
        _handWritten.Dispose();
        await _services.DisposeAsync();
    }

    [Benchmark(Baseline = true)]
    public string HandWritten() => Completed(_handWritten.GetTokenAsync());

    [Benchmark]
    public string Source() => (_source.TryGet() ?? Completed(_source.GetAsync(default)))!.Value;

    [Benchmark]
    public string ByName() => Completed(_tokens.GetTokenAsync("orders")).Value;

    private static T Completed<T>(ValueTask<T> get) => get.IsCompletedSuccessfully ? get.Result : throw new InvalidOperationException("It was to be cached.");
}
