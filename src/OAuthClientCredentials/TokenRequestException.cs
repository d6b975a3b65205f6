using System.Collections.ObjectModel;
using System.Net;

namespace OAuthClientCredentials;

/// <summary>A token request failed. The message says what happened, for which client, and what to change.</summary>
/// <remarks>
/// The exception does not derive from <see cref="HttpRequestException"/>, so that resilience handlers of the API's HttpClient do not retry
/// it and do not count it as a failure of the API. It contains no request, header or secret.
/// </remarks>
public sealed class TokenRequestException : Exception
{
    internal const string InvalidClient = "invalid_client";

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
        RateLimitHeaders = original.RateLimitHeaders;
        IsTransient = original.IsTransient;
        Attempts = original.Attempts;
        NextAttemptAt = original.NextAttemptAt;
        Kind = original.Kind;
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

    /// <summary>The <c>error</c> code in the server's response (RFC 6749 section 5.2), if any.</summary>
    public string? Error { get; init; }

    /// <summary>
    /// The server's <c>error_description</c>, or the text of another JSON error (for instance <c>message</c>, <c>detail</c> or
    /// <c>title</c>, also in an object <c>error</c>), if any: at most 256 characters, without control characters and without the client's
    /// credentials.
    /// </summary>
    public string? ErrorDescription { get; init; }

    /// <summary>The server's <c>error_uri</c>, if any. The library never requests it.</summary>
#pragma warning disable CA1056 // The text comes from the server and may not be a URI.
    public string? ErrorUri { get; init; }
#pragma warning restore CA1056

    /// <summary>The HTTP status code of the last response; <see langword="null"/> if there was no response.</summary>
    public HttpStatusCode? StatusCode { get; init; }

    /// <summary>The server's <c>Retry-After</c>, limited to <see cref="ClientCredentialsOptions.MaxRetryAfter"/>, if any.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>
    /// The headers of the response that report a quota: <c>Retry-After</c>, <c>RateLimit</c>, <c>RateLimit-*</c>, <c>X-RateLimit-*</c>,
    /// <c>X-Rate-Limit-*</c> and <c>Auth0-*-Quota-*</c>. Empty if the token endpoint sent none or did not respond.
    /// </summary>
    /// <remarks>
    /// Names are compared without regard to case. There are at most 16 headers. Each value has at most 256 characters, without control
    /// characters and without the client's credentials.
    /// </remarks>
    public IReadOnlyDictionary<string, string> RateLimitHeaders { get; init; } = ReadOnlyDictionary<string, string>.Empty;

    /// <summary>Whether the same request can succeed later without a configuration change.</summary>
    public bool IsTransient { get; init; }

    /// <summary>The number of token requests that were sent.</summary>
    public int Attempts { get => _attempts; init => _attempts = value; }

    /// <summary>When the next attempt is made (UTC), if this error is cached. Until then calls fail immediately with it.</summary>
    public DateTimeOffset? NextAttemptAt { get => _nextAttemptAt; init => _nextAttemptAt = value; }

    /// <summary>What failed, if the error is not a response of the server: a value of <c>error.type</c>.</summary>
    internal string? Kind { get; init; }

    /// <summary>The server rejected the credential, so no request of the client may send it again .</summary>
    internal bool IsInvalidClient => !IsTransient && Error == InvalidClient;

    /// <summary>
    /// The credential may be the cause: some servers return 401 with a code of their own, and 401 or 403 without one.
    /// </summary>
    internal bool MayBeRejectedCredential =>
        IsInvalidClient || (!IsTransient && (StatusCode == HttpStatusCode.Unauthorized || IsForbiddenWithoutCode));

    /// <summary>Nothing was sent, because the server had rejected the credential before.</summary>
    internal bool IsFromCooldown { get; private init; }

    /// <summary>The request can succeed with a new proof of the token binding, for instance with the server's nonce.</summary>
    internal bool WantsNewProof { get; private set; }

    /// <summary>Whether the credential or the proof may be the cause, so that a new one can help.</summary>
    internal bool MayNeedNewCredential => WantsNewProof || MayBeRejectedCredential;

    private bool IsForbiddenWithoutCode => Error is null && StatusCode == HttpStatusCode.Forbidden;

    /// <summary>The message without the time of the next attempt.</summary>
    internal string BaseMessage => base.Message;

    internal TokenRequestException WithAttempts(int attempts)
    {
        _attempts = attempts;
        return this;
    }

    internal void WantNewProof() => WantsNewProof = true;

    internal void RememberUntil(DateTimeOffset nextAttemptAt) => _nextAttemptAt ??= nextAttemptAt;

    // Each waiter throws its own instance, because threads must not share a stack trace.
    internal TokenRequestException Copy() => new(this);

    internal TokenRequestException FromCooldown() => new(this) { IsFromCooldown = true };
}
