using System.Net;

namespace OAuthClientCredentials;

/// <summary>No access token could be had. The message says what happened, for which client, and what to change.</summary>
/// <remarks>
/// It derives from <see cref="Exception"/> and not from <see cref="HttpRequestException"/>, so that resilience handlers around an API's
/// HttpClient neither retry it nor count it against the API. It holds no request, header or secret.
/// </remarks>
public sealed class TokenRequestException : Exception
{
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

    private TokenRequestException(string message, TokenRequestException original)
        : base(message, original.InnerException)
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
        KnownUntil = original.KnownUntil;
    }

    /// <summary>The registered name of the client; empty for the default client.</summary>
    public string ClientName { get; init; } = "";

    /// <summary>The <c>error</c> code of the server (RFC 6749 section 5.2), if it sent one.</summary>
    public string? Error { get; init; }

    /// <summary>The server's <c>error_description</c>, at most 256 characters, cleaned of control characters and of our own credentials.</summary>
    public string? ErrorDescription { get; init; }

    /// <summary>The server's <c>error_uri</c>. It is never fetched.</summary>
#pragma warning disable CA1056 // It is text from outside, and may be no URI at all.
    public string? ErrorUri { get; init; }
#pragma warning restore CA1056

    /// <summary>The HTTP status of the last answer, if there was one.</summary>
    public HttpStatusCode? StatusCode { get; init; }

    /// <summary>How long the server asked to wait before the next attempt, if it did.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Whether the same request may succeed later without a change of configuration.</summary>
    public bool IsTransient { get; init; }

    /// <summary>How many token requests were sent.</summary>
    public int Attempts { get; init; }

    /// <summary>When the next token request may be sent (UTC), if this error is remembered until then.</summary>
    public DateTimeOffset? NextAttemptAt { get; init; }

    /// <summary>Set on the rejection of a credential that another request has met: the timestamp until which nobody tries it again.</summary>
    internal long? KnownUntil { get; init; }

    // some servers say no more than 401 or 403.
    internal bool IsRejectedCredential =>
        this is { Error: "invalid_client" } or { Error: null, StatusCode: HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden };

    internal TokenRequestException After(int attempts) => new(Message, this) { Attempts = attempts };

    internal TokenRequestException Known(long until) => new(Message, this) { KnownUntil = until };

    // each waiter throws its own instance, so that stacks are not shared between threads.
    internal TokenRequestException Copy() => new(Message, this);

    internal TokenRequestException Copy(DateTimeOffset nextAttemptAt) =>
        new($"{Message} The next attempt is made at {nextAttemptAt:HH:mm:ss} UTC or later; until then calls fail at once.", this) { NextAttemptAt = nextAttemptAt };
}
