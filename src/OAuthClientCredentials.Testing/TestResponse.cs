using System.Net;
using System.Net.Sockets;
using OAuthClientCredentials.Testing.Server;

namespace OAuthClientCredentials.Testing;

/// <summary>The response of a <see cref="TestAuthorizationServer"/> to one token request. Immutable and reusable.</summary>
public sealed class TestResponse
{
    private readonly Func<ResponseContext, CancellationToken, Task<HttpResponseMessage>> _create;

    private TestResponse(Func<ResponseContext, CancellationToken, Task<HttpResponseMessage>> create) => _create = create;

    private TestResponse(Func<ResponseContext, HttpResponseMessage> create)
        : this((context, _) => Task.FromResult(create(context)))
    {
    }

    /// <summary>
    /// A new token if the client authenticates correctly; otherwise the error response of a real server. This is the default response.
    /// </summary>
    /// <param name="lifetime">The lifetime of the token. Defaults to the lifetime of the client, or else of the server.</param>
    /// <param name="value">The token. Defaults to <c>token-1</c>, <c>token-2</c> and so on.</param>
    /// <param name="scope">The granted scope, for example a narrower one. By default the response has no <c>scope</c>.</param>
    /// <returns>A response with a new token.</returns>
    public static TestResponse Token(TimeSpan? lifetime = null, string? value = null, string? scope = null) =>
        new(context => context.IssueToken(lifetime, value, scope, includeExpiresIn: true));

    /// <summary>A new token whose response has no <c>expires_in</c>.</summary>
    /// <returns>A response with a new token.</returns>
    public static TestResponse TokenWithoutLifetime() =>
        new(context => context.IssueToken(null, null, null, includeExpiresIn: false));

    /// <summary>
    /// The last issued token with its remaining lifetime. Some servers return the same token until it is about to expire.
    /// </summary>
    /// <returns>A response with the last issued token, or with a new token if there is none.</returns>
    public static TestResponse SameToken() => new(context => context.RepeatToken());

    /// <summary>An error response (RFC 6749 section 5.2).</summary>
    /// <param name="error">The error code, for example <c>invalid_client</c>.</param>
    /// <param name="description">The <c>error_description</c>.</param>
    /// <param name="status">The status code. Defaults to 401 for <c>invalid_client</c>, and to 400 for other errors.</param>
    /// <returns>An error response.</returns>
    public static TestResponse Error(string error, string? description = null, HttpStatusCode? status = null) =>
        new(_ => Responses.Error(error, description, status));

    /// <summary>A response with a status code and a body.</summary>
    /// <param name="status">The status code.</param>
    /// <param name="body">The body.</param>
    /// <param name="mediaType">The media type of the body.</param>
    /// <returns>A response with this status code and body.</returns>
    public static TestResponse Status(HttpStatusCode status, string body = "", string mediaType = "text/plain") =>
        new(_ => Responses.Text(status, body, mediaType));

    /// <summary>A response that your code creates.</summary>
    /// <param name="response">Creates the response. It is called for each request.</param>
    /// <returns>A response that is created by <paramref name="response"/>.</returns>
    public static TestResponse Custom(Func<HttpResponseMessage> response) => new(_ => response());

    /// <summary>A 200 response whose JSON is incomplete.</summary>
    /// <returns>A response with malformed JSON.</returns>
    public static TestResponse MalformedJson() => Status(HttpStatusCode.OK, """{"access_token":"tok""", "application/json");

    /// <summary>A 503 response, optionally with <c>Retry-After</c>.</summary>
    /// <param name="retryAfter">The <c>Retry-After</c> in whole seconds. By default the response has none.</param>
    /// <returns>A 503 response.</returns>
    public static TestResponse Unavailable(TimeSpan? retryAfter = null) =>
        new(_ => Responses.WithRetryAfter(HttpStatusCode.ServiceUnavailable, retryAfter));

    /// <summary>A 429 response, optionally with <c>Retry-After</c>.</summary>
    /// <param name="retryAfter">The <c>Retry-After</c> in whole seconds. By default the response has none.</param>
    /// <returns>A 429 response.</returns>
    public static TestResponse TooManyRequests(TimeSpan? retryAfter = null) =>
        new(_ => Responses.WithRetryAfter(HttpStatusCode.TooManyRequests, retryAfter));

    /// <summary>
    /// A refused connection. On a port (<see cref="TestAuthorizationServer.Listen"/>) the connection is closed instead.
    /// </summary>
    /// <returns>A refused connection.</returns>
    public static TestResponse ConnectionRefused() => new(_ => throw new HttpRequestException(
        HttpRequestError.ConnectionError,
        "The test authorization server refuses connections.",
        new SocketException((int)SocketError.ConnectionRefused)));

    /// <summary>No response until the client cancels the request, which it does after a time by its clock.</summary>
    /// <remarks>If the server has a clock of its own that stands still for 10 seconds, the response is an error that says so.</remarks>
    /// <returns>A response that never completes.</returns>
    public static TestResponse Never() => Token().After(Timeout.InfiniteTimeSpan);

    /// <summary>
    /// A rejection that requires a nonce in the DPoP proof (RFC 9449 section 8). From then on, the server requires it in each proof.
    /// </summary>
    /// <param name="nonce">The nonce. Defaults to a new one.</param>
    /// <returns>A <c>use_dpop_nonce</c> error response.</returns>
    public static TestResponse NonceChallenge(string? nonce = null) => new(context => context.ChallengeNonce(nonce));

    /// <summary>The same response after a delay.</summary>
    /// <remarks>If the server has a clock of its own that stands still for 10 seconds, the response is an error that says so.</remarks>
    /// <param name="delay">The delay, by the server's clock.</param>
    /// <returns>A new response that includes the delay.</returns>
    public TestResponse After(TimeSpan delay) => new(async (context, cancellationToken) =>
    {
        if (!await StandingClock.DelayAsync(delay, context.TimeProvider, cancellationToken).ConfigureAwait(false))
        {
            return Responses.Error("test_clock_stands_still", StandingClock.Problem, null);
        }

        return await _create(context, cancellationToken).ConfigureAwait(false);
    });

    /// <summary>The same response after a task completes.</summary>
    /// <param name="gate">The task to wait for.</param>
    /// <returns>A new response that waits for the task.</returns>
    public TestResponse After(Task gate)
    {
        ArgumentNullException.ThrowIfNull(gate);
        return After(gate.WaitAsync);
    }

    /// <summary>The same response after a callback of the test. The token request waits until the callback completes.</summary>
    /// <param name="step">The callback. Its token is cancelled when the client cancels the request.</param>
    /// <returns>A new response that runs the callback first.</returns>
    public TestResponse After(Func<CancellationToken, Task> step) => new(async (context, cancellationToken) =>
    {
        await step(cancellationToken).ConfigureAwait(false);
        return await _create(context, cancellationToken).ConfigureAwait(false);
    });

    internal Task<HttpResponseMessage> CreateAsync(ResponseContext context, CancellationToken cancellationToken) =>
        _create(context, cancellationToken);
}
