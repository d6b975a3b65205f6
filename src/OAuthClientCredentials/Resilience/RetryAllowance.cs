namespace OAuthClientCredentials.Resilience;

/// <summary>Whether failed attempts of one token request are retried: only while a caller waits for the token. Thread-safe.</summary>
internal sealed class RetryAllowance(bool isAwaited)
{
    private const int OneAttempt = 0;
    private const int Allowed = 1;
    private const int Declined = 2;

    private int _state = isAwaited ? Allowed : OneAttempt;

    public bool AreAllowed => Volatile.Read(ref _state) == Allowed;

    /// <summary>Allows retries from now on, unless one was declined already.</summary>
    public void Allow() => Interlocked.CompareExchange(ref _state, Allowed, OneAttempt);

    /// <summary>Decides whether a failed attempt is retried. Once declined, a later caller cannot allow it.</summary>
    public bool TryRetry() => Interlocked.CompareExchange(ref _state, Declined, OneAttempt) == Allowed;
}
