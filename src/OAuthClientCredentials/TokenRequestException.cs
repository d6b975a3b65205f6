using System.Net;

namespace OAuthClientCredentials;

/// <summary>No access token could be had. The message says what happened, for which client, and what to change.</summary>
/// <remarks>
/// It derives from <see cref="Exception"/> and not from <see cref="HttpRequestException"/>, so that resilience handlers around an API's
/// HttpClient neither retry it nor count it against the API. It holds no request, header or secret.
/// </remarks>
public sealed class TokenRequestException : Exception
{
    private int _attempts;
    private DateTimeOffset? _nextAttemptAt;

    /// <summary>Creates an exception without details.</summary>
    public TokenRequestException()
    {
    }

    /// <summary>Creates an exception with a message.</summary>
    /// <param name="message">What happened.</param>
    public TokenRequestException(string message)
        : base(message)
    {
    }

    /// <summary>Creates an exception with a message and a cause.</summary>
    /// <param name="message">What happened.</param>
    /// <param name="innerException">The cause.</param>
    public TokenRequestException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    private TokenRequestException(TokenRequestException original)
        : base(original.BaseMessage, original.InnerException)
    {
        ClientName = original.ClientName;
        Error = original.Error;
        ErrorDescription = original.ErrorDescription;
        ErrorUri = original.ErrorUri;
        StatusCode = original.StatusCode;
        RetryAfter = original.RetryAfter;
        IsTransient = original.IsTransient;
        Attempts = original.Attempts;
        NextAttemptAt = original.NextAttemptAt;
    }

    /// <inheritdoc/>
    public override string Message
    {
        get
        {
            if (NextAttemptAt is not { } next)
            {
                return base.Message;
            }

            return $"{base.Message} The next attempt is made at {next:HH:mm:ss} UTC or later; until then calls fail immediately.";
        }
    }

    /// <summary>The registered name of the client; empty for the default client.</summary>
    public string ClientName { get; init; } = "";

    /// <summary>The <c>error</c> code of the server (RFC 6749 section 5.2), if it sent one.</summary>
    public string? Error { get; init; }

    /// <summary>
    /// The server's <c>error_description</c>, at most 256 characters, cleaned of control characters and of our own credentials.
    /// </summary>
    public string? ErrorDescription { get; init; }

    /// <summary>The server's <c>error_uri</c>. It is never fetched.</summary>
#pragma warning disable CA1056 // It is text from outside, and may be no URI at all.
    public string? ErrorUri { get; init; }
#pragma warning restore CA1056

    /// <summary>The HTTP status of the last response, if there was one.</summary>
    public HttpStatusCode? StatusCode { get; init; }

    /// <summary>How long the server asked to wait before the next attempt, if it did.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Whether the same request may succeed later without a change of configuration.</summary>
    public bool IsTransient { get; init; }

    /// <summary>How many token requests were sent.</summary>
    public int Attempts { get => _attempts; init => _attempts = value; }

    /// <summary>When the next token request may be sent (UTC), if this error is remembered until then.</summary>
    public DateTimeOffset? NextAttemptAt { get => _nextAttemptAt; init => _nextAttemptAt = value; }

    /// <summary>The server rejected the credential: it is not to be sent again, by whichever request .</summary>
    internal bool IsInvalidClient => !IsTransient && Error == "invalid_client";

    /// <summary>The credential may be the reason: some servers say no more than 401 or 403 .</summary>
    internal bool MayBeRejectedCredential =>
        IsInvalidClient || (!IsTransient && Error is null && StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden);

    /// <summary>Nothing was sent, because the credential had been rejected before.</summary>
    internal bool IsHeldBack { get; private init; }

    /// <summary>
    /// The same request can succeed if it is sent once more with a new proof of the token binding, for instance with the nonce that the
    /// server demands.
    /// </summary>
    internal bool WantsNewProof { get; private set; }

    /// <summary>Whether the credential or proof may be the reason, so that reading it again can help.</summary>
    internal bool MayNeedNewCredential => WantsNewProof || MayBeRejectedCredential;

    private string BaseMessage => base.Message;

    internal TokenRequestException WithAttempts(int attempts)
    {
        _attempts = attempts;
        return this;
    }

    internal void WantNewProof() => WantsNewProof = true;

    internal void RememberUntil(DateTimeOffset nextAttemptAt) => _nextAttemptAt ??= nextAttemptAt;

    // Each waiter throws its own instance, so that threads share no stack trace.
    internal TokenRequestException Copy() => new(this);

    internal TokenRequestException HeldBack() => new(this) { IsHeldBack = true };
}
