using System.Net;
using System.Net.Http.Headers;
using BenchmarkDotNet.Attributes;
using Microsoft.Extensions.DependencyInjection;

namespace OAuthClientCredentials.Benchmarks;

/// <summary>The cost of a call through HttpClient with the handler, compared to a constant header .</summary>
[MemoryDiagnoser]
public class Handler
{
    private static readonly Uri Orders = new("https://api.example.com/orders");

    private static readonly string[] Names = [.. Enumerable.Range(0, 12).Select(number => $"X-Header-{number}")];

    private readonly Inner _inner = new();
    private ServiceProvider _services = null!;
    private HttpClient _constant = null!;
    private HttpClient _minimal = null!;
    private HttpClient _ours = null!;

    /// <summary>Whether the inner handler responds later, as from a network, or at once.</summary>
    [Params(false, true)]
    public bool Pending { get; set; }

    /// <summary>The number of request headers, which the handler copies.</summary>
    [Params(0, 3, 12)]
    public int Headers { get; set; }

    [GlobalSetup]
    public async Task SetUp()
    {
        ServiceCollection services = new();
        services.AddClientCredentials(TokenEndpoint.Configure)
            .ConfigureHttpClient(http => http.ConfigurePrimaryHttpMessageHandler(() => new TokenEndpoint()));
        AddHttpClient(services, "constant").AddHttpMessageHandler(() => new ConstantHeader());
        AddHttpClient(services, "minimal").AddHttpMessageHandler(() => new ClockAndStatus());
        AddHttpClient(services, "ours").AddClientCredentialsHandler();
        _services = services.BuildServiceProvider();
        _constant = _services.GetRequiredService<IHttpClientFactory>().CreateClient("constant");
        _minimal = _services.GetRequiredService<IHttpClientFactory>().CreateClient("minimal");
        _ours = _services.GetRequiredService<IHttpClientFactory>().CreateClient("ours");
        await _ours.GetAsync(Orders);
        _inner.IsPending = Pending;
    }

    [GlobalCleanup]
    public ValueTask TearDown() => _services.DisposeAsync();

    [Benchmark(Baseline = true)]
    public Task<HttpResponseMessage> ConstantHeaderValue() => SendAsync(_constant);

    [Benchmark]
    public Task<HttpResponseMessage> ClockAndStatusOnly() => SendAsync(_minimal);

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
        _inner.Respond();
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

    // The minimum of a handler whose tokens expire and that checks for a 401.
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
                : CheckAsync(pending);
        }

        private static async Task<HttpResponseMessage> CheckAsync(Task<HttpResponseMessage> pending)
        {
            HttpResponseMessage response = await pending.ConfigureAwait(false);
            if (response.StatusCode == HttpStatusCode.Unauthorized)
            {
                throw new InvalidOperationException("The response is a 401.");
            }

            return response;
        }
    }

    private sealed class Inner : HttpMessageHandler
    {
        private readonly HttpResponseMessage _response = new();
        private TaskCompletionSource<HttpResponseMessage>? _pending;

        public bool IsPending { get; set; }

        public void Respond() => _pending?.SetResult(_response);

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            _pending = IsPending ? new() : null;
            return _pending?.Task ?? Task.FromResult(_response);
        }
    }
}
