using System.Net;
using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Jwt;

/// <summary>Clients <c>0</c>, <c>1</c> and so on that sign assertions, and the forms that the server receives from them.</summary>
internal sealed class AssertionClient : IAsyncDisposable
{
    public const string Issuer = "https://id.example.com/tenant/";

    private readonly StubHandler _server;
    private readonly TestProvider _provider;

    public AssertionClient(params Action<ClientCredentialsOptions>[] clients)
    {
        _server = new(ReceiveAsync);
        _provider = TestProvider.WithServices(
            services =>
            {
                TestProvider.AddClient(services, "other", options => (options.ClientSecret, options.AuthenticationMethod) = (null, "none"));
                for (int index = 0; index < clients.Length; index++)
                {
                    Action<ClientCredentialsOptions> configure = clients[index];
                    TestProvider.AddClient(services, $"{index}", options =>
                    {
                        (options.ClientId, options.ClientSecret, options.Authority) = ("shop", null, Issuer);
                        configure(options);
                    });
                }

                services.AddClientCredentials("other", _ => { }).AddJwtAuthentication();
            },
            handler: _server,
            log: Log);
    }

    public TestProvider Provider => _provider;

    public LogLines Log { get; } = new();

    public List<Dictionary<string, string>> Forms { get; } = [];

    /// <summary>The statuses of the next responses. Without one the server issues a token.</summary>
    public Queue<HttpStatusCode> Statuses { get; } = [];

    public async Task<DecodedAssertion> SignAsync(string client = "0")
    {
        await _provider.Services.GetRequiredService<TokenClient>().RequestTokenAsync(client);
        return new(Forms[^1]["client_assertion"]);
    }

    public Task<TokenRequestException> FailAsync() => Assert.ThrowsAsync<TokenRequestException>(() => SignAsync());

    public async ValueTask DisposeAsync()
    {
        await _provider.DisposeAsync();
        _server.Dispose();
        Log.Dispose();
    }

    private async Task<HttpResponseMessage> ReceiveAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Assert.Null(request.Headers.Authorization);
        string body = await request.Content!.ReadAsStringAsync(cancellationToken);
        IEnumerable<string[]> pairs = body.Split('&').Select(pair => pair.Split('='));
        Forms.Add(pairs.ToDictionary(pair => pair[0], pair => WebUtility.UrlDecode(pair[1])));
        return Statuses.TryDequeue(out HttpStatusCode status) ? new(status) : Respond.Token("abc", 60);
    }
}
