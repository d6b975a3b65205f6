namespace OAuthClientCredentials.Distributed;

/// <summary>How tokens are stored in the shared cache, and how long its stores may take.</summary>
public sealed class SharedTokenCacheOptions
{
    /// <summary>
    /// The beginning of every key in the cache and of every lock's name. All instances of a service need the same prefix.
    /// </summary>
    /// <value>Defaults to the application's name, followed by <c>:access-token:</c>.</value>
    public string? KeyPrefix { get; set; }

    /// <summary>
    /// The time limit of each operation of the cache and of the lock. A store that fails or takes longer is skipped for 5 seconds, and
    /// tokens are requested from the authorization server meanwhile.
    /// </summary>
    /// <value>Between 10 milliseconds and 5 seconds. Defaults to 500 milliseconds.</value>
    public TimeSpan StoreTimeout { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// The longest wait for the token that another instance is requesting. Each wait ends at a random time between half of this value
    /// and all of it, so that not all instances send a request if the one with the lock has ended abruptly. It is at most half of what is
    /// left of the client's <see cref="ClientCredentialsOptions.Timeout"/>. Not used without an <c>IDistributedLockProvider</c>.
    /// </summary>
    /// <value>Between 0 and 60 seconds. Defaults to 15 seconds.</value>
    public TimeSpan LockTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// Whether tokens are stored without encryption. Everyone who can read the cache can then use the tokens, and everyone who can write
    /// to it can replace them.
    /// </summary>
    /// <value>Defaults to <see langword="false"/>: ASP.NET Core Data Protection encrypts and authenticates each entry.</value>
    public bool StorePlaintext { get; set; }
}
