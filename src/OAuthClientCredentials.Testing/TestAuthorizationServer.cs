using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using OAuthClientCredentials.Testing.Server;

namespace OAuthClientCredentials.Testing;

/// <summary>
/// An in-memory authorization server with scripted responses. It is reached through a handler without sockets, or on a port.
/// Thread-safe.
/// </summary>
/// <remarks>
/// <list type="bullet">
/// <item><description>Every POST is a token request. On a port, POST requests to <c>/test/</c> control the server
/// (<see cref="Listen"/>). All other requests are metadata requests.</description></item>
/// <item><description>Until a client is added, the server accepts every client and every credential.</description></item>
/// <item><description>Until a response is scripted, the response to each token request is a new token.</description></item>
/// </list>
/// </remarks>
public sealed class TestAuthorizationServer : IAsyncDisposable
{
    private readonly object _gate = new();
    private readonly ConcurrentDictionary<string, TestClient> _clients = new(StringComparer.Ordinal);
    private readonly IssuerMetadata _metadata = new();
    private readonly IssuedTokens _tokens;
    private readonly DPoPSettings _dpop;
    private readonly DPoPEndpoint _tokenEndpoint;
    private readonly List<TestTokenRequest> _requests = [];
    private readonly Queue<TestResponse> _next = new();
    private Func<TestTokenRequest, TestResponse> _always = static _ => TestResponse.Token();
    private readonly List<PortListener> _listeners = [];

    /// <summary>Creates a server.</summary>
    /// <param name="timeProvider">The clock, for example a <see cref="TestTimeProvider"/>. Defaults to the system clock.</param>
    public TestAuthorizationServer(TimeProvider? timeProvider = null)
    {
        _tokens = new(timeProvider ?? TimeProvider.System);
        _dpop = new(TimeProvider);
        _tokenEndpoint = new(_dpop);
    }

    /// <summary>The clock of the server. <c>UseTestAuthorizationServer</c> registers it in the application as well.</summary>
    public TimeProvider TimeProvider => _tokens.TimeProvider;

    /// <summary>The lifetime of tokens, unless the client or the response sets another lifetime.</summary>
    /// <value>Defaults to one hour.</value>
    public TimeSpan Lifetime { get; set; } = TimeSpan.FromHours(1);

    /// <summary>The token requests received so far, in order.</summary>
    public IReadOnlyList<TestTokenRequest> Requests
    {
        get
        {
            lock (_gate)
            {
                return [.. _requests];
            }
        }
    }

    /// <summary>The number of metadata requests received so far.</summary>
    public int MetadataRequests => _metadata.Requests;

    /// <summary>Registers a client. After this call only registered clients with a correct secret receive tokens.</summary>
    /// <param name="clientId">The client identifier.</param>
    /// <param name="secrets">The secrets that the server accepts.</param>
    /// <returns>The client, for further configuration.</returns>
    public TestClient AddClient(string clientId, params string[] secrets)
    {
        ArgumentNullException.ThrowIfNull(clientId);
        ArgumentNullException.ThrowIfNull(secrets);
        return _clients[clientId] = new(clientId, secrets);
    }

    /// <summary>
    /// Rejects token requests without a DPoP proof (RFC 9449), and API requests with tokens that are not bound to a key. Without this call
    /// the server issues bound tokens to clients that send a proof, and bearer tokens to all others.
    /// </summary>
    /// <param name="nonces">Which nonces the server and its APIs require. Defaults to none.</param>
    public void RequireDPoP(TestNonceMode nonces = TestNonceMode.None) => _dpop.Require(nonces);

    /// <summary>Scripts the responses to the next token requests, one response each. They precede <c>Always</c>.</summary>
    /// <param name="responses">The responses in their order.</param>
    public void Next(params TestResponse[] responses)
    {
        ArgumentNullException.ThrowIfNull(responses);
        lock (_gate)
        {
            Array.ForEach(responses, _next.Enqueue);
        }
    }

    /// <summary>Sets the response to all token requests, until it is set again or <see cref="Recover"/> is called.</summary>
    /// <param name="response">The response.</param>
    public void Always(TestResponse response) => Always(_ => response);

    /// <summary>
    /// Sets a callback that chooses the response to each token request, until it is set again or <see cref="Recover"/> is called.
    /// </summary>
    /// <param name="response">Returns the response to a request.</param>
    public void Always(Func<TestTokenRequest, TestResponse> response)
    {
        ArgumentNullException.ThrowIfNull(response);
        lock (_gate)
        {
            _always = response;
        }
    }

    /// <summary>Refuses connections for token requests until <see cref="Recover"/> is called.</summary>
    public void Outage() => Always(TestResponse.ConnectionRefused());

    /// <summary>Removes all scripted responses and issues tokens again.</summary>
    public void Recover()
    {
        lock (_gate)
        {
            _next.Clear();
            _always = static _ => TestResponse.Token();
        }
    }

    /// <summary>Revokes all issued tokens, or the issued tokens of one client. A <see cref="TestApi"/> rejects revoked tokens.</summary>
    /// <param name="clientId">The client. Defaults to all clients.</param>
    public void RevokeTokens(string? clientId = null) => _tokens.Revoke(token => clientId is null || token.ClientId == clientId);

    /// <summary>Creates an API that accepts the tokens of this server.</summary>
    /// <param name="response">Creates the response to a request with a valid token. Defaults to an empty 200 response.</param>
    /// <returns>A primary handler for the HttpClient of the API.</returns>
    public TestApi CreateApi(Func<HttpRequestMessage, HttpResponseMessage>? response = null) =>
        new(_tokens, new(_dpop), response, StartListener);

    /// <summary>
    /// Creates a primary handler for the HttpClient that requests tokens. The server responds to requests to any address.
    /// </summary>
    /// <returns>A handler. Disposing it has no effect.</returns>
    public HttpMessageHandler CreateHandler() => new ServerHandler(RespondAsync);

    /// <summary>Listens on a port, in addition to earlier ones, until the server is disposed.</summary>
    /// <remarks>
    /// Other processes control the server by POST requests to its port: <c>/test/outage</c>, <c>/test/recover</c>, <c>/test/revoke</c> and
    /// <c>/test/secrets?client=shop&amp;add=new&amp;remove=old</c>.
    /// </remarks>
    /// <param name="port">The port. Defaults to 0: a free port.</param>
    /// <param name="host">The host in the address. Defaults to <c>localhost</c>: only this machine can connect. With any other name the
    /// server listens on all network interfaces, for example for other containers.</param>
    /// <returns>The address, which is also the issuer. The path of the token endpoint is <c>token</c>.</returns>
    public Uri Listen(int port = 0, string host = "localhost")
    {
        RemoteControl control = new(Outage, Recover, () => RevokeTokens(), clientId => _clients.GetValueOrDefault(clientId));
        Uri address = StartListener((request, cancellation) => control.Apply(request) ?? RespondAsync(request, cancellation), port, host);
        AddIssuer(address.ToString());
        return address;
    }

    /// <summary>Verifies the number of token requests received.</summary>
    /// <param name="count">The expected number.</param>
    /// <exception cref="TestAssertionException">The number is different. The message lists all requests.</exception>
    public void Verify(int count) => Verify(count, static _ => true, "");

    /// <summary>Verifies the number of token requests received that match a condition.</summary>
    /// <param name="count">The expected number.</param>
    /// <param name="predicate">The condition.</param>
    /// <param name="description">The condition in words. By default the compiler passes the source code of the condition.</param>
    /// <exception cref="TestAssertionException">The number is different. The message lists all requests.</exception>
    public void Verify(
        int count,
        Func<TestTokenRequest, bool> predicate,
        [CallerArgumentExpression(nameof(predicate))] string description = "")
    {
        ArgumentNullException.ThrowIfNull(predicate);
        IReadOnlyList<TestTokenRequest> requests = Requests;
        int found = requests.Count(predicate);
        if (found != count)
        {
            throw TestAssertionException.For(requests, count, found, description);
        }
    }

    /// <summary>Stops listening on the ports of the server and of its APIs.</summary>
    /// <returns>A task that completes when the ports are closed.</returns>
    public async ValueTask DisposeAsync()
    {
        PortListener[] listeners;
        lock (_gate)
        {
            listeners = [.. _listeners];
            _listeners.Clear();
        }

        foreach (PortListener listener in listeners)
        {
            await listener.DisposeAsync().ConfigureAwait(false);
        }
    }

    internal void AddIssuer(string issuer) => _metadata.AddIssuer(issuer);

    private Uri StartListener(Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>> respond, int port, string host)
    {
        PortListener listener = new(respond, TimeProvider, port, host);
        lock (_gate)
        {
            _listeners.Add(listener);
        }

        return listener.Address;
    }

    private async Task<HttpResponseMessage> RespondAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (request.Method != HttpMethod.Post)
        {
            return _metadata.CreateResponse(request.RequestUri!);
        }

        TokenRequestForm form = await TokenRequestForm.ReadAsync(request, cancellationToken).ConfigureAwait(false);
        ProofResult proof = _tokenEndpoint.CheckTokenRequest(request);
        TestTokenRequest received;
        TestResponse response;
        lock (_gate)
        {
            received = new(_requests.Count + 1, TimeProvider.GetUtcNow(), form, proof.Rejection);
            _requests.Add(received);
            response = _next.TryDequeue(out TestResponse? scripted) ? scripted : _always(received);
        }

        return await SendAsync(response, form, proof, received, cancellationToken).ConfigureAwait(false);
    }

    private async Task<HttpResponseMessage> SendAsync(
        TestResponse response,
        TokenRequestForm form,
        ProofResult proof,
        TestTokenRequest request,
        CancellationToken cancellationToken)
    {
        _clients.TryGetValue(form.ClientId ?? "", out TestClient? client);
        Rejection? rejection = FindRejection(form, client, proof, request);
        ResponseContext context = new(request, client, rejection, proof.Thumbprint, _tokenEndpoint, _tokens, Lifetime);
        try
        {
            HttpResponseMessage message = await response.CreateAsync(context, cancellationToken).ConfigureAwait(false);
            request.Outcome = $"{(int)message.StatusCode}";
            return _tokenEndpoint.AddNonce(message, null);
        }
        catch (HttpRequestException)
        {
            request.Outcome = "refused";
            throw;
        }
    }

    // The error of a real server (RFC 6749 section 5.2), or null if the request is valid.
    private Rejection? FindRejection(TokenRequestForm form, TestClient? client, ProofResult proof, TestTokenRequest request)
    {
        if (!_clients.IsEmpty && client?.Accepts(form.Credential) != true)
        {
            return new("invalid_client");
        }

        if (proof.Rejection is not null)
        {
            return proof.Rejection;
        }

        if (request["grant_type"] != "client_credentials")
        {
            return new("unsupported_grant_type");
        }

        if (client?.MayRequest(request.Scopes) == false)
        {
            return new("invalid_scope");
        }

        return null;
    }
}
