using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Api;

/// <summary>An HttpClient named api with our handler for the client orders. The API behind it is a function.</summary>
internal sealed class ApiClient : IAsyncDisposable
{
    public static readonly Uri Address = new("https://api.example.com");

    /// <summary>The tokens come from a provider of the test.</summary>
    public ApiClient(
        ITokenProvider tokens,
        Func<HttpRequestMessage, Task<HttpResponseMessage>> api,
        Action<AccessTokenHandlerOptions>? configure = null,
        Action<IHttpClientBuilder>? outside = null,
        TimeProvider? time = null)
        : this(services => services.AddSingleton(tokens).AddSingleton(time ?? TimeProvider.System), api, configure, outside)
    {
    }

    /// <summary>The tokens come from the library's provider, over a scripted server.</summary>
    public ApiClient(
        TestAuthorizationServer server,
        Func<HttpRequestMessage, Task<HttpResponseMessage>> api,
        Action<AccessTokenHandlerOptions>? configure = null,
        Action<IHttpClientBuilder>? outside = null,
        Action<ClientCredentialsOptions>? client = null)
        : this(services => Add(services, server, client), api, configure, outside)
    {
    }

    private ApiClient(
        Action<IServiceCollection> addTokens,
        Func<HttpRequestMessage, Task<HttpResponseMessage>> api,
        Action<AccessTokenHandlerOptions>? configure,
        Action<IHttpClientBuilder>? outside)
    {
        ServiceCollection services = new();
        services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(Log));
        TestProvider.AddClient(services, "orders");
        IHttpClientBuilder builder = services.AddHttpClient("api", client => client.BaseAddress = Address)
            .ConfigurePrimaryHttpMessageHandler(() => new Primary(api))
            .AddClientCredentialsHandler("orders", configure);
        outside?.Invoke(builder);
        addTokens(services);
        Services = services.BuildServiceProvider(validateScopes: true);
        Http = Services.GetRequiredService<IHttpClientFactory>().CreateClient("api");
    }

    public ServiceProvider Services { get; }

    public HttpClient Http { get; }

    public LogLines Log { get; } = new();

    public static Task<HttpResponseMessage> Respond(int status, string? challenge = null)
    {
        HttpResponseMessage response = new((System.Net.HttpStatusCode)status);
        if (challenge is not null)
        {
            response.Headers.TryAddWithoutValidation("WWW-Authenticate", challenge);
        }

        return Task.FromResult(response);
    }

    /// <summary>Rejects the first token.</summary>
    public static Task<HttpResponseMessage> RejectFirstToken(HttpRequestMessage request) =>
        Respond(request.Headers.Authorization!.Parameter == "token-1" ? 401 : 200);

    public ValueTask DisposeAsync() => Services.DisposeAsync();

    private static void Add(IServiceCollection services, TestAuthorizationServer server, Action<ClientCredentialsOptions>? configure)
    {
        services.UseTestAuthorizationServer(server);
        if (configure is not null)
        {
            services.Configure("orders", configure);
        }
    }

    // As SocketsHttpHandler does, it names the request in the response.
    private sealed class Primary(Func<HttpRequestMessage, Task<HttpResponseMessage>> respond) : HttpMessageHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            HttpResponseMessage response = await respond(request);
            response.RequestMessage = request;
            return response;
        }

        protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            HttpResponseMessage response = respond(request).GetAwaiter().GetResult();
            response.RequestMessage = request;
            return response;
        }
    }
}

/// <summary>Returns numbered tokens, and a new one for each renewal unless a test sets <see cref="Renew"/>.</summary>
internal sealed class NumberedTokens : ITokenProvider
{
    private readonly TokenBinding? _binding;
    private int _number = 1;

    public NumberedTokens(TokenBinding? binding = null)
    {
        _binding = binding;
        Current = Create("token-1");
        Renew = (_, _) => new(Next());
    }

    public AccessToken Current { get; set; }

    public List<string> Renewals { get; } = [];

    public Func<AccessToken, CancellationToken, ValueTask<AccessToken>> Renew { get; set; }

    public Func<string, ValueTask<AccessToken>>? Get { get; set; }

    public AccessToken Next() => Current = Create($"token-{Interlocked.Increment(ref _number)}");

    public AccessToken Create(string value) =>
        new(value, DateTimeOffset.UnixEpoch.AddHours(1), _binding?.TokenType ?? "Bearer") { Binding = _binding };

    public ValueTask<AccessToken> GetTokenAsync(
        string clientName = "",
        TokenRequest? request = null,
        CancellationToken cancellationToken = default) =>
        Get?.Invoke(clientName) ?? new(Current);

    public ValueTask<AccessToken> RenewTokenAsync(
        AccessToken rejected,
        string clientName = "",
        TokenRequest? request = null,
        CancellationToken cancellationToken = default)
    {
        lock (Renewals)
        {
            Renewals.Add($"{clientName} {rejected.Value}");
        }

        return Renew(rejected, cancellationToken);
    }

    public void Forget(string clientName)
    {
    }
}

/// <summary>An outer handler that a test writes: it may change the request and send it any number of times.</summary>
internal sealed class OuterHandler(
    Func<HttpRequestMessage, Func<HttpRequestMessage, Task<HttpResponseMessage>>, Task<HttpResponseMessage>> send) : DelegatingHandler
{
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        send(request, forwarded => base.SendAsync(forwarded, cancellationToken));
}

/// <summary>Content that can be read once.</summary>
internal sealed class OneWayContent() : StreamContent(new OneWayStream())
{
    private sealed class OneWayStream() : MemoryStream("from a pipe"u8.ToArray())
    {
        public override bool CanSeek => false;
    }
}
