using System.Net;
using OAuthClientCredentials.Testing.Server;

namespace OAuthClientCredentials.Testing;

/// <summary>An API that takes only tokens which its <see cref="TestAuthorizationServer"/> issued and has not revoked, and answers 401 to everything else. Use it as the primary handler of an HttpClient. Thread-safe.</summary>
public sealed class TestApi : HttpMessageHandler
{
    private readonly TokenBook _tokens;
    private readonly Func<HttpRequestMessage, HttpResponseMessage>? _answer;
    private int _calls;
    private int _unauthorized;

    internal TestApi(TokenBook tokens, Func<HttpRequestMessage, HttpResponseMessage>? answer)
    {
        _tokens = tokens;
        _answer = answer;
    }

    /// <summary>How many requests came, whatever the answer.</summary>
    public int Calls => Volatile.Read(ref _calls);

    /// <summary>How many of them were answered with 401.</summary>
    public int Unauthorized => Volatile.Read(ref _unauthorized);

    /// <inheritdoc/>
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => Task.FromResult(Send(request, cancellationToken));

    /// <inheritdoc/>
    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        Interlocked.Increment(ref _calls);
        HttpResponseMessage response = request.Headers.Authorization is { Scheme: "Bearer", Parameter: { } token } && _tokens.IsValid(token)
            ? _answer?.Invoke(request) ?? Responses.Text(HttpStatusCode.OK, "", "text/plain")
            : Refuse();
        response.RequestMessage = request;
        return response;
    }

    private HttpResponseMessage Refuse()
    {
        Interlocked.Increment(ref _unauthorized);
        HttpResponseMessage response = Responses.Text(HttpStatusCode.Unauthorized, "", "text/plain");
        response.Headers.WwwAuthenticate.Add(new("Bearer", "error=\"invalid_token\""));
        return response;
    }
}
