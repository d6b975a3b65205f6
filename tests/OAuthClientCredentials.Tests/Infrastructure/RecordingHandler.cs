using RichardSzalay.MockHttp;

namespace OAuthClientCredentials.Tests.Infrastructure;

/// <summary>
/// Records each request as text: request line, headers, an empty line, body. The User-Agent is left out, because it is the same in every
/// request and changes with each version. Responds with a token by default.
/// </summary>
internal sealed class RecordingHandler : MockHttpMessageHandler
{
    public RecordingHandler(Func<HttpRequestMessage, HttpResponseMessage?>? respond = null) =>
        this.When("*").Respond(async request =>
        {
            Requests.Add(await DescribeAsync(request));
            return respond?.Invoke(request) ?? Infrastructure.Respond.Token("abc", 3600);
        });

    public List<string> Requests { get; } = [];

    /// <summary>The one token request that a client with these options sends.</summary>
    public static async Task<string> GetTokenRequestAsync(Action<ClientCredentialsOptions> configure, TokenRequest? request = null)
    {
        using RecordingHandler server = new();
        await using TestTokenClient client = new(configure, handler: server);
        await client.RequestAsync(request);
        return Assert.Single(server.Requests);
    }

    private static async Task<string> DescribeAsync(HttpRequestMessage request)
    {
        string body = request.Content is null ? "" : await request.Content.ReadAsStringAsync();
        IEnumerable<string> headers = request.Headers.Concat(request.Content?.Headers.Where(header => header.Key != "Content-Length") ?? [])
            .Where(header => header.Key != "User-Agent")
            .OrderBy(header => header.Key, StringComparer.Ordinal)
            .Select(header => $"{header.Key}: {string.Join(", ", header.Value)}");
        return string.Join('\n', headers.Prepend($"{request.Method} {request.RequestUri!.AbsoluteUri}").Append("").Append(body));
    }
}
