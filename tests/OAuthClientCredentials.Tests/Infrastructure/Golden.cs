using System.Net;
using RichardSzalay.MockHttp;

namespace OAuthClientCredentials.Tests.Infrastructure;

/// <summary>Token requests as they stand on the wire, one text each: request line, headers in order, empty line, body.</summary>
internal sealed class Golden : IDisposable
{
    private readonly MockHttpMessageHandler _mock = new();

    public Golden(Func<HttpResponseMessage>? answer = null)
        : this(_ => answer?.Invoke())
    {
    }

    public Golden(Func<HttpRequestMessage, HttpResponseMessage?> answer) =>
        _mock.When("*").Respond(async request =>
        {
            Requests.Add(await WriteAsync(request));
            return answer(request) ?? Respond.Token("abc", 3600);
        });

    public HttpMessageHandler Handler => _mock;

    public List<string> Requests { get; } = [];

    /// <summary>The one token request that a client with these options makes.</summary>
    public static async Task<string> OfAsync(Action<ClientCredentialsOptions> configure, TokenRequest? request = null)
    {
        using Golden golden = new();
        using OneClient client = new(golden.Handler, configure);
        await client.GetAsync(request);
        return Assert.Single(golden.Requests);
    }

    public void Dispose() => _mock.Dispose();

    private static async Task<string> WriteAsync(HttpRequestMessage request)
    {
        string body = request.Content is null ? "" : await request.Content.ReadAsStringAsync();
        IEnumerable<string> headers = request.Headers.Concat(request.Content?.Headers.Where(header => header.Key != "Content-Length") ?? [])
            .OrderBy(header => header.Key, StringComparer.Ordinal)
            .Select(header => $"{header.Key}: {string.Join(", ", header.Value)}");
        return string.Join('\n', headers.Prepend($"{request.Method} {request.RequestUri!.AbsoluteUri}").Append("").Append(body));
    }
}
