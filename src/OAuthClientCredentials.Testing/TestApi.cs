using System.Net;
using OAuthClientCredentials.Testing.Server;

namespace OAuthClientCredentials.Testing;

/// <summary>
/// An API that accepts only valid tokens of its <see cref="TestAuthorizationServer"/>, and responds with 401 to all other requests. Use it
/// as the primary handler of an HttpClient. Thread-safe.
/// </summary>
public sealed class TestApi : HttpMessageHandler
{
    private readonly IssuedTokens _tokens;
    private readonly Func<HttpRequestMessage, HttpResponseMessage>? _response;
    private readonly Func<Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>>, int, string, Uri> _listen;
    private int _calls;
    private int _unauthorized;

    internal TestApi(
        IssuedTokens tokens,
        Func<HttpRequestMessage, HttpResponseMessage>? response,
        Func<Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>>, int, string, Uri> listen)
    {
        _tokens = tokens;
        _response = response;
        _listen = listen;
    }

    /// <summary>The number of requests received, including those with a 401 response.</summary>
    public int Calls => Volatile.Read(ref _calls);

    /// <summary>The number of requests with a 401 response.</summary>
    public int Unauthorized => Volatile.Read(ref _unauthorized);

    /// <summary>Listens on a port until the <see cref="TestAuthorizationServer"/> is disposed.</summary>
    /// <param name="port">The port. Defaults to 0: a free port.</param>
    /// <param name="host">The host in the address. Defaults to <c>localhost</c>: only this machine can connect. With any other name the
    /// API listens on all network interfaces, for example for other containers.</param>
    /// <returns>The address.</returns>
    public Uri Listen(int port = 0, string host = "localhost") => _listen(SendAsync, port, host);

    /// <inheritdoc/>
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        Task.FromResult(Send(request, cancellationToken));

    /// <inheritdoc/>
    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        Interlocked.Increment(ref _calls);
        HttpResponseMessage response = CreateResponse(request);
        response.RequestMessage = request;
        return response;
    }

    private HttpResponseMessage CreateResponse(HttpRequestMessage request)
    {
        if (!HasValidToken(request))
        {
            return Reject();
        }

        return _response?.Invoke(request) ?? Responses.Text(HttpStatusCode.OK, "", "text/plain");
    }

    private bool HasValidToken(HttpRequestMessage request) =>
        request.Headers.Authorization is { Scheme: "Bearer", Parameter: { } token } && _tokens.IsValid(token);

    private HttpResponseMessage Reject()
    {
        Interlocked.Increment(ref _unauthorized);
        HttpResponseMessage response = Responses.Text(HttpStatusCode.Unauthorized, "", "text/plain");
        response.Headers.WwwAuthenticate.Add(new("Bearer", "error=\"invalid_token\""));
        return response;
    }
}
