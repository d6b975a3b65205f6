using System.Net;
using OAuthClientCredentials.Testing;

namespace OAuthClientCredentials.Tests.Infrastructure;

/// <summary>An authorization server that issues the tokens <c>token-1</c>, <c>token-2</c> and so on, and revokes them.</summary>
internal sealed class RevocationServer : HttpMessageHandler
{
    public const string Endpoint = "https://id.example.com/revoke";

    private readonly RecordingHandler _recording = new(_ => new HttpResponseMessage());
    private int _tokens;

    /// <summary>The revocation requests as text, in order.</summary>
    public IReadOnlyList<string> Revocations => _recording.Requests;

    public int TokensIssued => Volatile.Read(ref _tokens);

    /// <summary>The metadata, if the server has them.</summary>
    public string? Metadata { get; init; }

    /// <summary>The next responses to revocations. Without one, the token is revoked.</summary>
    public Queue<Func<HttpResponseMessage>> Responses { get; } = [];

    /// <summary>The response to a revocation waits for this task, unless the request is cancelled.</summary>
    public Task Delay { get; set; } = Task.CompletedTask;

    /// <summary>The response to a token request. Defaults to a new token, valid for an hour.</summary>
    public Func<int, Task<HttpResponseMessage>> Issue { get; set; } =
        number => Task.FromResult(Respond.Token($"token-{number}", 3600));

    /// <summary>A provider with one client of this server, which has the configured revocation endpoint.</summary>
    public TestProvider CreateProvider(Action<ClientCredentialsOptions>? configure = null, LogLines? log = null) => new(
        options =>
        {
            options.RevocationEndpoint = Endpoint;
            configure?.Invoke(options);
        },
        handler: this,
        log: log);

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (request.Method == HttpMethod.Get)
        {
            return Metadata is null ? new(HttpStatusCode.NotFound) : Respond.Json(HttpStatusCode.OK, Metadata);
        }

        string body = await request.Content!.ReadAsStringAsync(cancellationToken);
        if (body.StartsWith("grant_type", StringComparison.Ordinal))
        {
            return await Issue(Interlocked.Increment(ref _tokens));
        }

        using HttpMessageInvoker recording = new(_recording, disposeHandler: false);
        HttpResponseMessage revoked = await recording.SendAsync(request, cancellationToken);
        await Delay.WaitAsync(cancellationToken);
        return Responses.TryDequeue(out Func<HttpResponseMessage>? respond) ? respond() : revoked;
    }

    protected override void Dispose(bool disposing)
    {
        _recording.Dispose();
        base.Dispose(disposing);
    }
}
