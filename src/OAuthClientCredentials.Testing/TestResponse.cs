using System.Net;
using System.Net.Sockets;
using OAuthClientCredentials.Testing.Server;

namespace OAuthClientCredentials.Testing;

/// <summary>How a <see cref="TestAuthorizationServer"/> answers one token request. Immutable; may be used again.</summary>
public sealed class TestResponse
{
    private readonly Func<Exchange, CancellationToken, Task<HttpResponseMessage>> _answer;

    private TestResponse(Func<Exchange, CancellationToken, Task<HttpResponseMessage>> answer) => _answer = answer;

    private TestResponse(Func<Exchange, HttpResponseMessage> answer)
        : this((exchange, _) => Task.FromResult(answer(exchange)))
    {
    }

    /// <summary>A new token for a client that proves itself, else the error that a server would answer with. This is how it answers unless told otherwise.</summary>
    /// <param name="lifetime">The token's lifetime; without one the client's, else the server's.</param>
    /// <param name="value">The token; without one <c>token-1</c>, <c>token-2</c> and so on.</param>
    /// <param name="scope">The scope granted, for instance a narrower one; without one nothing is said of it.</param>
    /// <returns>The answer.</returns>
    public static TestResponse Token(TimeSpan? lifetime = null, string? value = null, string? scope = null) =>
        new(exchange => exchange.IssueToken(lifetime, value, scope, saysLifetime: true));

    /// <summary>A new token whose response has no <c>expires_in</c>.</summary>
    /// <returns>The answer.</returns>
    public static TestResponse TokenWithoutLifetime() => new(exchange => exchange.IssueToken(null, null, null, saysLifetime: false));

    /// <summary>The token that was issued last, with what is left of its life: some servers hand it out until it is nearly gone.</summary>
    /// <returns>The answer.</returns>
    public static TestResponse SameToken() => new(exchange => exchange.RepeatToken());

    /// <summary>An error response (RFC 6749 section 5.2).</summary>
    /// <param name="error">The error code, for instance <c>invalid_client</c>.</param>
    /// <param name="description">The <c>error_description</c>.</param>
    /// <param name="status">The status; without one 401 for <c>invalid_client</c> and 400 for others.</param>
    /// <returns>The answer.</returns>
    public static TestResponse Error(string error, string? description = null, HttpStatusCode? status = null) =>
        new(_ => Responses.Error(error, description, status));

    /// <summary>Any status with any body.</summary>
    /// <param name="status">The status.</param>
    /// <param name="body">The body.</param>
    /// <param name="mediaType">The body's media type.</param>
    /// <returns>The answer.</returns>
    public static TestResponse Status(HttpStatusCode status, string body = "", string mediaType = "text/plain") =>
        new(_ => Responses.Text(status, body, mediaType));

    /// <summary>Any response at all: the handler's whole freedom.</summary>
    /// <param name="response">Makes the response.</param>
    /// <returns>The answer.</returns>
    public static TestResponse Response(Func<HttpResponseMessage> response) => new(_ => response());

    /// <summary>A 200 whose JSON ends in the middle.</summary>
    /// <returns>The answer.</returns>
    public static TestResponse MalformedJson() => Status(HttpStatusCode.OK, """{"access_token":"tok""", "application/json");

    /// <summary>503, with a time to come back at if one is given.</summary>
    /// <param name="retryAfter">The <c>Retry-After</c>, in whole seconds.</param>
    /// <returns>The answer.</returns>
    public static TestResponse Unavailable(TimeSpan? retryAfter = null) => new(_ => Responses.Busy(HttpStatusCode.ServiceUnavailable, retryAfter));

    /// <summary>429, with a time to come back at if one is given.</summary>
    /// <param name="retryAfter">The <c>Retry-After</c>, in whole seconds.</param>
    /// <returns>The answer.</returns>
    public static TestResponse TooManyRequests(TimeSpan? retryAfter = null) => new(_ => Responses.Busy(HttpStatusCode.TooManyRequests, retryAfter));

    /// <summary>No connection. Over a socket the connection is cut instead.</summary>
    /// <returns>The answer.</returns>
    public static TestResponse ConnectionRefused() =>
        new(_ => throw new HttpRequestException(HttpRequestError.ConnectionError, "The test authorization server refuses connections.", new SocketException((int)SocketError.ConnectionRefused)));

    /// <summary>Nothing, until the caller gives up.</summary>
    /// <returns>The answer.</returns>
    public static TestResponse Never() => Token().After(new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously).Task);

    /// <summary>A demand for a DPoP proof with this nonce (RFC 9449 section 8).</summary>
    /// <param name="nonce">The nonce.</param>
    /// <returns>The answer.</returns>
    public static TestResponse NonceChallenge(string nonce) => new(_ =>
    {
        HttpResponseMessage response = Responses.Error("use_dpop_nonce", null, null);
        response.Headers.Add("DPoP-Nonce", nonce);
        return response;
    });

    /// <summary>The same answer, but slow.</summary>
    /// <param name="delay">How slow, by the server's clock.</param>
    /// <returns>Another answer.</returns>
    public TestResponse After(TimeSpan delay) => new(async (exchange, cancellationToken) =>
    {
        await Task.Delay(delay, exchange.Time, cancellationToken).ConfigureAwait(false);
        return await _answer(exchange, cancellationToken).ConfigureAwait(false);
    });

    /// <summary>The same answer, once something has happened in the test.</summary>
    /// <param name="gate">What has to happen first.</param>
    /// <returns>Another answer.</returns>
    public TestResponse After(Task gate)
    {
        ArgumentNullException.ThrowIfNull(gate);
        return After(gate.WaitAsync);
    }

    /// <summary>The same answer, after something that the test does while the request waits.</summary>
    /// <param name="step">What is done first; the token is cancelled when the caller gives up.</param>
    /// <returns>Another answer.</returns>
    public TestResponse After(Func<CancellationToken, Task> step) => new(async (exchange, cancellationToken) =>
    {
        await step(cancellationToken).ConfigureAwait(false);
        return await _answer(exchange, cancellationToken).ConfigureAwait(false);
    });

    internal Task<HttpResponseMessage> SendAsync(Exchange exchange, CancellationToken cancellationToken) => _answer(exchange, cancellationToken);
}
