using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OAuthClientCredentials.Testing;

namespace OAuthClientCredentials.Tests.Infrastructure;

/// <summary>The <see cref="TokenClient"/> of one client over a scripted server: each call requests a token, nothing is cached.</summary>
internal sealed class TestTokenClient : IAsyncDisposable
{
    private readonly TestProvider _provider;
    private int _sent;

    public TestTokenClient(
        Action<ClientCredentialsOptions>? configure = null,
        TestAuthorizationServer? server = null,
        HttpMessageHandler? handler = null,
        ILoggerProvider? log = null)
    {
        server ??= new(new TestTimeProvider());
        HttpMessageInvoker invoker = new(handler ?? server.CreateHandler());
        StubHandler counting = new((request, cancellationToken) =>
        {
            Interlocked.Increment(ref _sent);
            return invoker.SendAsync(request, cancellationToken);
        });
        _provider = new(configure, server, counting, log);
    }

    public TestAuthorizationServer Server => _provider.Server;

    public TestTimeProvider Time => _provider.Time;

    public TokenClient Tokens => _provider.Services.GetRequiredService<TokenClient>();

    /// <summary>A client of a server that sends the same response to every token request.</summary>
    public static TestTokenClient Receiving(
        TestResponse response,
        Action<ClientCredentialsOptions>? configure = null,
        ILoggerProvider? log = null)
    {
        TestTokenClient client = new(configure, log: log);
        client.Server.Always(response);
        return client;
    }

    /// <summary>A client of a server that sends the same JSON to every token request.</summary>
    public static TestTokenClient Receiving(
        string json,
        HttpStatusCode status = HttpStatusCode.OK,
        Action<ClientCredentialsOptions>? configure = null) =>
        Receiving(TestResponse.Status(status, json, "application/json"), configure);

    /// <summary>Requests a token, and advances the clock while a wait between two attempts is pending.</summary>
    public async Task<AccessToken> RequestAsync(TokenRequest? request = null)
    {
        int before = Volatile.Read(ref _sent);
        Task<AccessToken> token = Tokens.RequestTokenAsync(request: request);

        // The request starts on another thread: the clock stands still until then.
        SpinWait.SpinUntil(() => Volatile.Read(ref _sent) > before || token.IsCompleted, TimeSpan.FromSeconds(5));
        await Time.AdvanceUntilAsync(token);
        return await token;
    }

    public Task<TokenRequestException> FailAsync(TokenRequest? request = null) =>
        Assert.ThrowsAsync<TokenRequestException>(() => RequestAsync(request));

    public ValueTask DisposeAsync() => _provider.DisposeAsync();
}
