using System.Net;
using System.Net.Http.Headers;
using BenchmarkDotNet.Attributes;
using Microsoft.Extensions.DependencyInjection;

namespace OAuthClientCredentials.Benchmarks;

/// <summary>
/// What does a call through HttpClient cost with the handler, over one that sets a constant header? Both as the factory
/// builds them.
/// </summary>
[MemoryDiagnoser]
public class Handler
{
    private static readonly Uri Orders = new("https://api.example.com/orders");

    private static readonly string[] Names = [.. Enumerable.Range(0, 12).Select(number => $"X-Header-{number}")];

    private readonly Inner _inner = new();
    private ServiceProvider _services = null!;
    private HttpClient _constant = null!;
    private HttpClient _least = null!;
    private HttpClient _ours = null!;

    /// <summary>Whether the inner handler's response is there at once, or comes later as from a network.</summary>
    [Params(false, true)]
    public bool Pending { get; set; }

    /// <summary>How many headers the caller set, each of which the copy carries too.</summary>
    [Params(0, 3, 12)]
    public int Headers { get; set; }

    [GlobalSetup]
    public async Task SetUp()
    {
        ServiceCollection services = new();
        services.AddClientCredentials(
            options => (options.TokenEndpoint, options.ClientId, options.ClientSecret) = ("https://id.example.com/token", "shop", "secret"))
            .ConfigureHttpClient(http => http.ConfigurePrimaryHttpMessageHandler(() => new TokenEndpoint()));
        AddHttpClient(services, "constant").AddHttpMessageHandler(() => new ConstantHeader());
        AddHttpClient(services, "least").AddHttpMessageHandler(() => new ClockAndStatus());
        AddHttpClient(services, "ours").AddClientCredentialsHandler();
        _services = services.BuildServiceProvider();
        _constant = _services.GetRequiredService<IHttpClientFactory>().CreateClient("constant");
        _least = _services.GetRequiredService<IHttpClientFactory>().CreateClient("least");
        _ours = _services.GetRequiredService<IHttpClientFactory>().CreateClient("ours");
        await _ours.GetAsync(Orders);
        _inner.IsPending = Pending;
    }

    [GlobalCleanup]
    public ValueTask TearDown() => _services.DisposeAsync();

    [Benchmark(Baseline = true)]
    public Task<HttpResponseMessage> ConstantHeaderValue() => SendAsync(_constant);

    [Benchmark]
    public Task<HttpResponseMessage> ClockAndStatusOnly() => SendAsync(_least);

    [Benchmark]
    public Task<HttpResponseMessage> Ours() => SendAsync(_ours);

    private Task<HttpResponseMessage> SendAsync(HttpClient client)
    {
        HttpRequestMessage request = new(HttpMethod.Get, Orders);
        for (int number = 0; number < Headers; number++)
        {
            request.Headers.TryAddWithoutValidation(Names[number], "value");
        }

        Task<HttpResponseMessage> response = client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        _inner.Answer();
        return response;
    }

    private IHttpClientBuilder AddHttpClient(IServiceCollection services, string name) =>
        services.AddHttpClient(name, client => client.BaseAddress = new Uri("https://api.example.com"))
            .ConfigurePrimaryHttpMessageHandler(() => _inner).RemoveAllLoggers();

    private sealed class ConstantHeader : DelegatingHandler
    {
        private readonly AuthenticationHeaderValue _header = new("Bearer", TokenEndpoint.Token);

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.Headers.Authorization = _header;
            return base.SendAsync(request, cancellationToken);
        }
    }

    // The least that any handler does whose tokens expire and that looks for a 401: it decides nothing.
    private sealed class ClockAndStatus : DelegatingHandler
    {
        private readonly AuthenticationHeaderValue _header = new("Bearer", TokenEndpoint.Token);
        private readonly TimeProvider _time = TimeProvider.System;
        private readonly long _expires = long.MaxValue;

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.Headers.Authorization = _time.GetTimestamp() < _expires ? _header : null;
            Task<HttpResponseMessage> pending = base.SendAsync(request, cancellationToken);
            return pending.IsCompletedSuccessfully && pending.Result.StatusCode != HttpStatusCode.Unauthorized
                ? pending
                : LookAsync(pending);
        }

        private static async Task<HttpResponseMessage> LookAsync(Task<HttpResponseMessage> pending)
        {
            HttpResponseMessage response = await pending.ConfigureAwait(false);
            return response.StatusCode == HttpStatusCode.Unauthorized ? throw new InvalidOperationException() : response;
        }
    }

    private sealed class Inner : HttpMessageHandler
    {
        private readonly HttpResponseMessage _response = new();
        private TaskCompletionSource<HttpResponseMessage>? _pending;

        public bool IsPending { get; set; }

        public void Answer() => _pending?.SetResult(_response);

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            _pending = IsPending ? new() : null;
            return _pending?.Task ?? Task.FromResult(_response);
        }
    }
}
