namespace OAuthClientCredentials;

/// <summary>
/// The state of a client's token at one moment, for health checks, logs and tests. It does not contain the token. Immutable.
/// </summary>
public sealed class ClientStatus
{
    /// <summary>The state of the token.</summary>
    public required ClientState State { get; init; }

    /// <summary>When the token expires (UTC); <see langword="null"/> if there is no valid token.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>When the token was requested (UTC); <see langword="null"/> if there is no valid token.</summary>
    public DateTimeOffset? RequestedAt { get; init; }

    /// <summary>The number of token requests that failed since the last success.</summary>
    public int ConsecutiveFailures { get; init; }

    /// <summary>The error of the last token request; <see langword="null"/> if it succeeded.</summary>
    public TokenRequestException? LastError { get; init; }

    /// <summary>When the next token request may be sent (UTC), after a failure.</summary>
    public DateTimeOffset? NextAttemptAt { get; init; }
}

/// <summary>The state of a client's token.</summary>
public enum ClientState
{
    /// <summary>There is no token. The next call requests one.</summary>
    Empty,

    /// <summary>There is no token, and one is being requested.</summary>
    Requesting,

    /// <summary>There is no token, and the last request failed. Calls fail with the cached error until the next attempt is due.</summary>
    Failed,

    /// <summary>There is a valid token.</summary>
    Fresh,

    /// <summary>There is a valid token, and its renewal is due. The next call starts it.</summary>
    Due,

    /// <summary>There is a valid token, and its renewal is in progress.</summary>
    Renewing,
}
