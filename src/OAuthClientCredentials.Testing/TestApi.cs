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
    private readonly DPoPEndpoint _dpop;
    private readonly Func<HttpRequestMessage, HttpResponseMessage>? _response;
    private readonly Func<Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>>, int, string, Uri> _listen;
    private readonly List<string> _rejections = [];
    private int _calls;

    internal TestApi(
        IssuedTokens tokens,
        DPoPEndpoint dpop,
        Func<HttpRequestMessage, HttpResponseMessage>? response,
        Func<Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>>, int, string, Uri> listen)
    {
        _tokens = tokens;
        _dpop = dpop;
        _response = response;
        _listen = listen;
    }

    /// <summary>The number of requests received, including those with a 401 response.</summary>
    public int Calls => Volatile.Read(ref _calls);

    /// <summary>The number of requests with a 401 response.</summary>
    public int Unauthorized => Rejections.Count;

    /// <summary>
    /// The error code and the reason of each 401 response, in order, for example
    /// <c>invalid_dpop_proof: ath is not the hash of the access token.</c>
    /// </summary>
    public IReadOnlyList<string> Rejections
    {
        get
        {
            lock (_rejections)
            {
                return [.. _rejections];
            }
        }
    }

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
        IssuedToken? token = _tokens.Find(request.Headers.Authorization?.Parameter ?? "");
        Rejection? rejection = FindRejection(request, token);
        if (rejection is null)
        {
            return _dpop.AddNonce(_response?.Invoke(request) ?? Responses.Text(HttpStatusCode.OK, "", "text/plain"), null);
        }

        lock (_rejections)
        {
            _rejections.Add(rejection.ToString());
        }

        bool isDPoP = _dpop.IsRequired || token?.Thumbprint is not null || request.Headers.Authorization?.Scheme == DPoPEndpoint.Scheme;
        return _dpop.AddNonce(isDPoP ? Responses.DPoPChallenge(rejection) : Responses.BearerChallenge(rejection), rejection);
    }

    private Rejection? FindRejection(HttpRequestMessage request, IssuedToken? token)
    {
        string? scheme = request.Headers.Authorization?.Scheme;
        if (token is null || scheme is not ("Bearer" or DPoPEndpoint.Scheme))
        {
            return InvalidToken("The request has no token, or its token is unknown, expired or revoked.");
        }

        if (scheme == DPoPEndpoint.Scheme)
        {
            return _dpop.CheckApiRequest(request, token);
        }

        if (token.Thumbprint is not null)
        {
            return InvalidToken("The token is bound to a key, but was sent as a bearer token.");
        }

        return _dpop.IsRequired ? InvalidToken("The token is not bound to a key.") : null;
    }

    private static Rejection InvalidToken(string reason) => new(Rejection.InvalidToken, reason);
}
