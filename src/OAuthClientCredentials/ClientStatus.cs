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

    /// <summary>The time since the token was requested; <see langword="null"/> if there is no valid token.</summary>
    public TimeSpan? Age { get; init; }

    /// <summary>
    /// The first 8 hexadecimal digits of the token's SHA-256 hash, to compare the tokens of two processes; <see langword="null"/> if there
    /// is no valid token.
    /// </summary>
    public string? TokenFingerprint { get; init; }

    /// <summary>When a token request last succeeded (UTC); <see langword="null"/> if none has.</summary>
    public DateTimeOffset? LastRenewedAt { get; init; }

    /// <summary>
    /// Why the last successful token request was sent: <c>no_token</c>, <c>due</c> or <c>unauthorized</c>, as in logs and metrics.
    /// </summary>
    public string? LastRenewalReason { get; init; }

    /// <summary>The number of token requests that failed since the last success.</summary>
    public int ConsecutiveFailures { get; init; }

    /// <summary>The error of the last token request; <see langword="null"/> if it succeeded.</summary>
    public TokenRequestException? LastError { get; init; }

    /// <summary>When the next token request may be sent (UTC), after a failure.</summary>
    public DateTimeOffset? NextAttemptAt { get; init; }

    /// <summary>
    /// When the client certificate or assertion expires (UTC), as read for the last token request; <see langword="null"/> for a secret, a
    /// key and an assertion without <c>exp</c>.
    /// </summary>
    public DateTimeOffset? CredentialExpiresAt { get; init; }

    /// <summary>The time until the token expires, by the clock that shows less.</summary>
    internal TimeSpan? RemainingLifetime { get; init; }

    /// <summary>Whether calls with other scopes have a valid token, although there is none for this one.</summary>
    internal bool OtherCallsSucceed { get; init; }

    /// <summary>How long the client certificate or assertion is valid in all.</summary>
    internal TimeSpan? CredentialLifetime { get; init; }

    /// <summary>Whether a token was ever requested.</summary>
    internal bool IsUsed => State != ClientState.Empty || LastRenewedAt is not null || LastError is not null;
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
