using System.Collections.Concurrent;
using System.Net;
using System.Runtime.CompilerServices;
using OAuthClientCredentials.Testing.Server;

namespace OAuthClientCredentials.Testing;

/// <summary>An authorization server in memory that answers as a test tells it to: as a handler without sockets, or on a loopback port. Thread-safe.</summary>
/// <remarks>
/// It answers every POST as a token request, and serves its metadata document. Unless clients are added, it accepts any client with any
/// credential; unless told otherwise, it answers each request with a new token.
/// </remarks>
public sealed class TestAuthorizationServer : IAsyncDisposable
{
    private const string Rfc8414 = "/.well-known/oauth-authorization-server";
    private const string OpenId = "/.well-known/openid-configuration";

    private readonly object _gate = new();
    private readonly ConcurrentDictionary<string, TestClient> _clients = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> _issuers = new(StringComparer.Ordinal);
    private readonly Queue<TestResponse> _next = new();
    private readonly TokenBook _tokens;
    private readonly List<TestTokenRequest> _requests = [];
    private Func<TestTokenRequest, TestResponse> _always = static _ => TestResponse.Token();
    private LoopbackListener? _listener;
    private int _metadataRequests;

    /// <summary>Makes a server.</summary>
    /// <param name="timeProvider">Its clock, for instance a <see cref="TestTimeProvider"/>. Defaults to the system's.</param>
    public TestAuthorizationServer(TimeProvider? timeProvider = null) => _tokens = new(timeProvider ?? TimeProvider.System);

    /// <summary>Its clock. <c>UseTestAuthorizationServer</c> gives it to the application as well.</summary>
    public TimeProvider TimeProvider => _tokens.Time;

    /// <summary>The lifetime of tokens whose client has none of its own.</summary>
    /// <value>Defaults to one hour.</value>
    public TimeSpan Lifetime { get; set; } = TimeSpan.FromHours(1);

    /// <summary>The token requests that came so far, in order.</summary>
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

    /// <summary>How many metadata requests came so far.</summary>
    public int MetadataRequests => Volatile.Read(ref _metadataRequests);

    /// <summary>Registers a client. From then on only registered clients with a right secret get tokens.</summary>
    /// <param name="clientId">The client identifier.</param>
    /// <param name="secrets">The secrets that are good.</param>
    /// <returns>The client, for more.</returns>
    public TestClient AddClient(string clientId, params string[] secrets)
    {
        ArgumentNullException.ThrowIfNull(clientId);
        ArgumentNullException.ThrowIfNull(secrets);
        return _clients[clientId] = new(clientId, secrets);
    }

    /// <summary>Answers the next token requests in this way, one each, before anything else that was said.</summary>
    /// <param name="answers">The answers.</param>
    public void Next(params TestResponse[] answers)
    {
        ArgumentNullException.ThrowIfNull(answers);
        lock (_gate)
        {
            Array.ForEach(answers, _next.Enqueue);
        }
    }

    /// <summary>Answers in this way until told otherwise.</summary>
    /// <param name="answer">The answer.</param>
    public void Always(TestResponse answer) => Always(_ => answer);

    /// <summary>Answers in a way that depends on the request, until told otherwise.</summary>
    /// <param name="answer">Says the answer to a request.</param>
    public void Always(Func<TestTokenRequest, TestResponse> answer)
    {
        ArgumentNullException.ThrowIfNull(answer);
        lock (_gate)
        {
            _always = answer;
        }
    }

    /// <summary>Refuses connections until <see cref="Recover"/>.</summary>
    public void Outage() => Always(TestResponse.ConnectionRefused());

    /// <summary>Forgets every answer that was scripted, and issues tokens again.</summary>
    public void Recover()
    {
        lock (_gate)
        {
            _next.Clear();
            _always = static _ => TestResponse.Token();
        }
    }

    /// <summary>Revokes every token issued so far, or those of one client: a <see cref="TestApi"/> takes them no longer.</summary>
    /// <param name="clientId">The client; without one all.</param>
    public void RevokeTokens(string? clientId = null) => _tokens.Revoke(token => clientId is null || token.ClientId == clientId);

    /// <summary>An API that takes the tokens of this server.</summary>
    /// <param name="answer">What it answers to a request with a good token; without one an empty 200.</param>
    /// <returns>A handler for the API's HttpClient.</returns>
    public TestApi CreateApi(Func<HttpRequestMessage, HttpResponseMessage>? answer = null) => new(_tokens, answer);

    /// <summary>The server as the primary handler of the HttpClient that requests tokens. Whatever address a request has, this server answers it.</summary>
    /// <returns>A handler. To dispose it changes nothing.</returns>
    public HttpMessageHandler CreateHandler() => new ServerHandler(AnswerAsync);

    /// <summary>Serves on a free loopback port too, until disposed.</summary>
    /// <returns>The address, which is also the issuer. The token endpoint is <c>token</c> below it.</returns>
    public Uri Listen()
    {
        lock (_gate)
        {
            _listener ??= new(AnswerAsync);
        }

        KnowIssuer(_listener.Address.ToString());
        return _listener.Address;
    }

    /// <summary>Says how many token requests must have come.</summary>
    /// <param name="count">How many.</param>
    /// <exception cref="TestAssertionException">Another number came; the message lists them.</exception>
    public void Verify(int count) => Verify(count, static _ => true, "");

    /// <summary>Says how many token requests of a kind must have come.</summary>
    /// <param name="count">How many.</param>
    /// <param name="which">The kind.</param>
    /// <param name="description">The kind in words; the compiler fills in its source.</param>
    /// <exception cref="TestAssertionException">Another number came; the message lists all.</exception>
    public void Verify(int count, Func<TestTokenRequest, bool> which, [CallerArgumentExpression(nameof(which))] string description = "")
    {
        ArgumentNullException.ThrowIfNull(which);
        IReadOnlyList<TestTokenRequest> requests = Requests;
        int found = requests.Count(which);
        if (found == count)
        {
            return;
        }

        string kind = string.IsNullOrEmpty(description) ? "" : $" with {description}";
        string came = requests.Count == 0 ? "No token request came at all." : $"What came:\n{string.Join('\n', requests.Select(request => $"  {request}"))}";
        throw new TestAssertionException($"Expected {Plural(count)}{kind}, but there {(found == 1 ? "was" : "were")} {found}. {came}");
    }

    /// <summary>Ends the loopback port, if there is one.</summary>
    /// <returns>A task that ends when it is closed.</returns>
    public ValueTask DisposeAsync() => _listener?.DisposeAsync() ?? ValueTask.CompletedTask;

    // A metadata address does not tell whether its issuer ends in a slash, and clients compare to the letter.
    internal void KnowIssuer(string issuer) => _issuers[issuer] = true;

    private static string Plural(int count) => count == 1 ? "1 token request" : $"{count} token requests";

    private async Task<HttpResponseMessage> AnswerAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (request.Method != HttpMethod.Post)
        {
            return AnswerMetadata(request.RequestUri!);
        }

        TokenRequestForm form = await TokenRequestForm.ReadAsync(request, cancellationToken).ConfigureAwait(false);
        TestTokenRequest received;
        TestResponse answer;
        lock (_gate)
        {
            received = new(_requests.Count + 1, TimeProvider.GetUtcNow(), form);
            _requests.Add(received);
            answer = _next.TryDequeue(out TestResponse? scripted) ? scripted : _always(received);
        }

        try
        {
            _clients.TryGetValue(form.ClientId ?? "", out TestClient? client);
            HttpResponseMessage response = await answer.SendAsync(new(received, client, Refusal(form, client, received), _tokens, Lifetime), cancellationToken).ConfigureAwait(false);
            received.Outcome = $"{(int)response.StatusCode}";
            return response;
        }
        catch (HttpRequestException)
        {
            received.Outcome = "refused";
            throw;
        }
    }

    private string? Refusal(TokenRequestForm form, TestClient? client, TestTokenRequest request) =>
        !_clients.IsEmpty && client?.Accepts(form.Credential) != true ? "invalid_client"
        : request["grant_type"] != "client_credentials" ? "unsupported_grant_type"
        : client?.MayAskFor(request.Scopes) == false ? "invalid_scope"
        : null;

    private HttpResponseMessage AnswerMetadata(Uri address)
    {
        Interlocked.Increment(ref _metadataRequests);
        string text = address.GetLeftPart(UriPartial.Path);
        bool isMetadata = text.Contains(Rfc8414, StringComparison.Ordinal) || text.EndsWith(OpenId, StringComparison.Ordinal);
        if (!isMetadata)
        {
            return Responses.Text(HttpStatusCode.NotFound, "", "text/plain");
        }

        string inferred = text.Replace(Rfc8414, "", StringComparison.Ordinal).Replace(OpenId, "", StringComparison.Ordinal).TrimEnd('/');
        string issuer = _issuers.Keys.FirstOrDefault(known => known.TrimEnd('/') == inferred) ?? inferred;
        return Responses.Json(HttpStatusCode.OK, json =>
        {
            json.WriteString("issuer", issuer);
            json.WriteString("token_endpoint", inferred + "/token");
        });
    }
}
