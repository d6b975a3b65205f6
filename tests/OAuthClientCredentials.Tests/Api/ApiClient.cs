using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OAuthClientCredentials.Diagnostics;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Api;

/// <summary>An HttpClient named api whose tokens come from a test's own provider, and whose API is a function.</summary>
internal sealed class ApiClient : IAsyncDisposable
{
    public static readonly Uri Address = new("https://api.example.com");

    private readonly ServiceProvider _services;

    public ApiClient(
        ITokenProvider tokens,
        Func<HttpRequestMessage, Task<HttpResponseMessage>> api,
        Action<AccessTokenHandlerOptions>? configure = null,
        Action<IHttpClientBuilder>? outside = null,
        TimeProvider? time = null)
    {
        ServiceCollection services = new();
        services.AddSingleton(tokens).AddSingleton(time ?? TimeProvider.System);
        services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(Log));
        services.AddClientCredentials("orders", options => (options.TokenEndpoint, options.ClientId, options.ClientSecret) = (OneClient.Endpoint, "shop", "secret"));
        IHttpClientBuilder builder = services.AddHttpClient("api", client => client.BaseAddress = Address)
            .ConfigurePrimaryHttpMessageHandler(() => new Primary(api))
            .AddClientCredentialsHandler("orders", configure);
        outside?.Invoke(builder);
        _services = services.BuildServiceProvider();
        Http = _services.GetRequiredService<IHttpClientFactory>().CreateClient("api");
    }

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

    public ValueTask DisposeAsync() => _services.DisposeAsync();

    // As SocketsHttpHandler does, it names the request in the response.
    private sealed class Primary(Func<HttpRequestMessage, Task<HttpResponseMessage>> answer) : HttpMessageHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            HttpResponseMessage response = await answer(request);
            response.RequestMessage = request;
            return response;
        }

        protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            HttpResponseMessage response = answer(request).GetAwaiter().GetResult();
            response.RequestMessage = request;
            return response;
        }
    }
}

/// <summary>Gives out numbered tokens, and a new one for each renewal unless a test says otherwise.</summary>
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

    public ValueTask<AccessToken> GetTokenAsync(string clientName = "", TokenRequest? request = null, CancellationToken cancellationToken = default) =>
        Get?.Invoke(clientName) ?? new(Current);

    public ValueTask<AccessToken> RenewTokenAsync(AccessToken rejected, string clientName = "", TokenRequest? request = null, CancellationToken cancellationToken = default)
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
