namespace OAuthClientCredentials.Resilience;

/// <summary>Whether failed attempts at one token request are repeated: only while a caller waits for it. Thread-safe.</summary>
internal sealed class Patience(bool isAwaited)
{
    private const int OneAttempt = 0;
    private const int Retries = 1;
    private const int Declined = 2;

    private int _state = isAwaited ? Retries : OneAttempt;

    public bool HasRetries => Volatile.Read(ref _state) == Retries;

    /// <summary>Allows retries from now on, unless one has been declined already.</summary>
    public void AllowRetries() => Interlocked.CompareExchange(ref _state, Retries, OneAttempt);

    /// <summary>Decides whether a failed attempt is repeated. Once declined, no later caller can allow it.</summary>
    public bool TryRetry() => Interlocked.CompareExchange(ref _state, Declined, OneAttempt) == Retries;
}
