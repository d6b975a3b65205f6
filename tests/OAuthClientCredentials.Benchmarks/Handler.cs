using System.Net;
using System.Net.Http.Headers;
using BenchmarkDotNet.Attributes;
using Microsoft.Extensions.DependencyInjection;

namespace OAuthClientCredentials.Benchmarks;

/// <summary>What does the handler, with 401 handling on, cost an API call over one that sets a constant header? (R-301)</summary>
[MemoryDiagnoser]
public class Handler
{
    private static readonly Uri Orders = new("https://api.example.com/orders");

    private ServiceProvider _services = null!;
    private HttpMessageInvoker _constant = null!;
    private HttpMessageInvoker _ours = null!;

    /// <summary>Whether the API's answer is there when the handler looks, or comes later on another thread, as real ones do.</summary>
    [Params(Answer.Ready, Answer.Pending)]
    public Answer Inner { get; set; }

    [GlobalSetup]
    public async Task BuildAsync()
    {
        IServiceCollection services = StubTokenEndpoint.AddOrders(new ServiceCollection());
        services.AddHttpClient("api", client => client.BaseAddress = Orders)
            .ConfigurePrimaryHttpMessageHandler(MakeInner)
            .AddClientCredentialsHandler("orders");
        _services = services.BuildServiceProvider();
        AccessTokenHandler handler = FindOurs(_services.GetRequiredService<IHttpMessageHandlerFactory>().CreateHandler("api"));
        using HttpClient client = _services.GetRequiredService<IHttpClientFactory>().CreateClient("api");
        await client.GetAsync(Orders);
        _ours = new(handler);
        _constant = new(new ConstantHeader { InnerHandler = MakeInner() });
    }

    [GlobalCleanup]
    public async Task DisposeAsync()
    {
        _constant.Dispose();
        await _services.DisposeAsync();
    }

    [Benchmark(Baseline = true)]
    public Task<HttpResponseMessage> ConstantHeaderAsync() => _constant.SendAsync(new(HttpMethod.Get, Orders), default);

    [Benchmark]
    public Task<HttpResponseMessage> AccessTokenAsync() => _ours.SendAsync(new(HttpMethod.Get, Orders), default);

    private HttpMessageHandler MakeInner() => Inner == Answer.Ready ? new ReadyAnswer() : new PendingAnswer();

    // Without what the factory puts around it, which is no part of the question.
    private static AccessTokenHandler FindOurs(HttpMessageHandler? outermost)
    {
        for (HttpMessageHandler? handler = outermost; handler is DelegatingHandler around; handler = around.InnerHandler)
        {
            if (handler is AccessTokenHandler ours)
            {
                return ours;
            }
        }

        throw new InvalidOperationException("The pipeline has no AccessTokenHandler.");
    }

    public enum Answer
    {
        Ready,
        Pending,
    }

    private sealed class ConstantHeader : DelegatingHandler
    {
        private readonly AuthenticationHeaderValue _header = new("Bearer", StubTokenEndpoint.Token);

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.Headers.Authorization = _header;
            return base.SendAsync(request, cancellationToken);
        }
    }

    private sealed class ReadyAnswer : HttpMessageHandler
    {
        private readonly Task<HttpResponseMessage> _answer = Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK));

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => _answer;
    }

    private sealed class PendingAnswer : HttpMessageHandler
    {
        private readonly HttpResponseMessage _answer = new(HttpStatusCode.OK);

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            await Task.Yield();
            return _answer;
        }
    }
}
