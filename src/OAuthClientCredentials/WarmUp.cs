namespace OAuthClientCredentials;

/// <summary>Whether the host requests the first token of a client while it starts, and whether it waits for it.</summary>
public enum WarmUp
{
    /// <summary>The host requests no token. The first call does.</summary>
    Off,

    /// <summary>
    /// The host requests the token and does not wait for it. A failure is logged and does not stop the host. A later call tries again.
    /// </summary>
    Background,

    /// <summary>
    /// The host waits for the token, at most <see cref="ClientCredentialsOptions.Timeout"/>, before it starts its hosted services and
    /// listens for requests. A failure stops the start with the client's <see cref="TokenRequestException"/>, or with an
    /// <see cref="AggregateException"/> if several clients failed.
    /// </summary>
    RequireAtStart,
}
