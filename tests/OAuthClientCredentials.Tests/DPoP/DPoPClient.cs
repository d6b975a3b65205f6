using System.Net;
using System.Text;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.DPoP;

/// <summary>
/// The client <c>orders</c> with DPoP, from configuration. The authorization server and the API behind the HttpClient <c>api</c> are
/// functions that see each proof.
/// </summary>
internal sealed class DPoPClient : IAsyncDisposable
{
    private readonly object _gate = new();
    private int _tokens;

    public DPoPClient(
        Action<ClientCredentialsOptions>? configure = null,
        Func<DecodedProof, HttpResponseMessage>? server = null,
        Func<HttpRequestMessage, HttpResponseMessage>? api = null,
        Action<IHttpClientBuilder>? outside = null,
        params (string Key, string? Value)[] settings)
    {
        (string, string?)[] all = [.. TestProvider.Settings("orders"), ("orders:DPoPBoundAccessTokens", "true"), .. settings];
        Provider = TestProvider.FromConfiguration(
            all,
            services =>
            {
                services.AddClientCredentials().AddJwtAuthentication();
                services.Configure<ClientCredentialsOptions>("orders", options => configure?.Invoke(options));
                IHttpClientBuilder builder = services.AddHttpClient("api", http => http.BaseAddress = new("https://api.example.com"))
                    .ConfigurePrimaryHttpMessageHandler(() => new StubHandler((request, _) => Task.FromResult(Call(request, api))))
                    .AddClientCredentialsHandler("orders", handler => handler.AllowedOrigins =
                        ["https://*", "http://localhost:8080", "http://api.internal"]);
                outside?.Invoke(builder);
            },
            handler: new StubHandler((request, _) => Task.FromResult(Issue(request, server))),
            log: Log);
        Http = Provider.Services.GetRequiredService<IHttpClientFactory>().CreateClient("api");
    }

    public TestProvider Provider { get; }

    public HttpClient Http { get; }

    public LogLines Log { get; } = new();

    /// <summary>The proofs at the token endpoint.</summary>
    public List<DecodedProof> TokenProofs { get; } = [];

    /// <summary>The proofs at the API.</summary>
    public List<DecodedProof> ApiProofs { get; } = [];

    /// <summary>The Authorization headers at the API.</summary>
    public List<string> Authorizations { get; } = [];

    public static HttpResponseMessage Token(string value, string type = "DPoP") =>
        Respond.Json(HttpStatusCode.OK, $$"""{"access_token":"{{value}}","token_type":"{{type}}","expires_in":3600}""");

    public static HttpResponseMessage Challenge(
        string? nonce,
        HttpStatusCode status = HttpStatusCode.BadRequest,
        string error = "use_dpop_nonce") =>
        WithNonce(Respond.Error(status, error), nonce);

    public static HttpResponseMessage Unauthorized(string? challenge, string? nonce = null)
    {
        HttpResponseMessage response = new(HttpStatusCode.Unauthorized);
        if (challenge is not null)
        {
            response.Headers.TryAddWithoutValidation("WWW-Authenticate", challenge);
        }

        return WithNonce(response, nonce);
    }

    public static HttpResponseMessage WithNonce(HttpResponseMessage response, string? nonce)
    {
        if (nonce is not null)
        {
            response.Headers.TryAddWithoutValidation("DPoP-Nonce", nonce);
        }

        return response;
    }

    public Task<AccessToken> GetTokenAsync() => Provider.Tokens.GetTokenAsync("orders").AsTask();

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await Provider.DisposeAsync();
        Log.Dispose();
    }

    private HttpResponseMessage Issue(HttpRequestMessage request, Func<DecodedProof, HttpResponseMessage>? server)
    {
        DecodedProof proof = new(request);
        lock (_gate)
        {
            TokenProofs.Add(proof);
            return server?.Invoke(proof) ?? Token($"token-{++_tokens}");
        }
    }

    private HttpResponseMessage Call(HttpRequestMessage request, Func<HttpRequestMessage, HttpResponseMessage>? api)
    {
        lock (_gate)
        {
            Authorizations.Add(request.Headers.Authorization!.ToString());
            ApiProofs.Add(new(request));
            HttpResponseMessage response = api?.Invoke(request) ?? new(HttpStatusCode.OK);
            response.RequestMessage = request;
            return response;
        }
    }
}
