namespace OAuthClientCredentials.Tests.Infrastructure;

/// <summary>Records each request as text: request line, headers, an empty line, body. Responds with a token by default.</summary>
internal sealed class RecordingHandler(Func<HttpRequestMessage, HttpResponseMessage?>? respond = null) : HttpMessageHandler
{
    public List<string> Requests { get; } = [];

    /// <summary>The one token request that a client with these options sends.</summary>
    public static async Task<string> GetTokenRequestAsync(Action<ClientCredentialsOptions> configure, TokenRequest? request = null)
    {
        using RecordingHandler server = new();
        await using TestTokenClient client = new(configure, handler: server);
        await client.RequestAsync(request);
        return Assert.Single(server.Requests);
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        string body = request.Content is null ? "" : await request.Content.ReadAsStringAsync(cancellationToken);
        IEnumerable<string> headers = request.Headers.Concat(request.Content?.Headers.Where(header => header.Key != "Content-Length") ?? [])
            .OrderBy(header => header.Key, StringComparer.Ordinal)
            .Select(header => $"{header.Key}: {string.Join(", ", header.Value)}");
        Requests.Add(string.Join('\n', headers.Prepend($"{request.Method} {request.RequestUri!.AbsoluteUri}").Append("").Append(body)));
        return respond?.Invoke(request) ?? Respond.Token("abc", 3600);
    }
}
