using OAuthClientCredentials.Resilience;

namespace OAuthClientCredentials.Clients;

/// <summary>
/// A circuit breaker for one client's credential. Closed: requests are sent. Open, after the server rejected the credential: no
/// request of the client is sent. Half open, after the cool-down: one trial request is sent, the others still fail. A changed credential
/// closes it. Thread-safe.
/// </summary>
internal sealed class CredentialCooldown(TimeProvider timeProvider)
{
    private static readonly TimeSpan FileCheckInterval = TimeSpan.FromSeconds(1);

    private readonly object _gate = new();
    private Rejection? _rejection;
    private object? _trial;

    /// <summary>Called before the credential is read.</summary>
    /// <param name="isFromFile">Whether the credential is in a file, which may have been replaced.</param>
    /// <exception cref="TokenRequestException">The circuit is open, and the credential does not need to be read again.</exception>
    public void ThrowIfOpen(bool isFromFile)
    {
        lock (_gate)
        {
            if (_rejection is null || MayTry_NeedsLock(_rejection))
            {
                return;
            }

            long now = timeProvider.GetTimestamp();
            if (!isFromFile || timeProvider.GetElapsedTime(_rejection.FilesCheckedAt, now) < FileCheckInterval)
            {
                throw _rejection.Error.FromCooldown();
            }

            _rejection = _rejection with { FilesCheckedAt = now };
        }
    }

    /// <summary>Called when the credential has been read, and again just before its request is sent.</summary>
    /// <param name="request">The request, with its credential.</param>
    /// <param name="isFromFile">Whether the credential is in a file. Only then a changed credential closes the circuit, because a callback
    /// may return a new one at each call.</param>
    /// <returns>The trial, if this request is the trial request. It must be passed to <see cref="Leave"/>.</returns>
    /// <exception cref="TokenRequestException">The circuit is open.</exception>
    public object? Enter(AuthorizationServerRequest request, bool isFromFile)
    {
        lock (_gate)
        {
            if (_rejection is not null && isFromFile && _rejection.Fingerprint != request.CredentialFingerprint())
            {
                _rejection = null;
            }

            if (_rejection is null)
            {
                return null;
            }

            if (!MayTry_NeedsLock(_rejection))
            {
                throw _rejection.Error.FromCooldown();
            }

            return _trial = new object();
        }
    }

    /// <summary>The server accepted the credential. Closes the circuit.</summary>
    public void Accept()
    {
        if (Volatile.Read(ref _rejection) is not null)
        {
            lock (_gate)
            {
                _rejection = null;
            }
        }
    }

    /// <summary>
    /// The server rejected the credential. Opens the circuit. Concurrent requests that are rejected together count once.
    /// </summary>
    public void Reject(TokenRequestException error, AuthorizationServerRequest request, object? trial)
    {
        lock (_gate)
        {
            string fingerprint = request.CredentialFingerprint();
            if (_rejection is not null && trial is null)
            {
                _rejection = _rejection with { Fingerprint = fingerprint };
                return;
            }

            int count = (_rejection?.Count ?? 0) + 1;
            TimeSpan wait = Backoff.AfterPermanentError(count);
            long now = timeProvider.GetTimestamp();
            error.RememberUntil(timeProvider.GetUtcNow() + wait);
            _rejection = new(error, count, fingerprint, now, wait, FilesCheckedAt: now);
        }
    }

    /// <summary>
    /// The trial has ended, with any result, or its request was cancelled. A later trial is not affected.
    /// </summary>
    public void Leave(object? trial)
    {
        lock (_gate)
        {
            if (trial is not null && _trial == trial)
            {
                _trial = null;
            }
        }
    }

    private bool MayTry_NeedsLock(Rejection rejection) => _trial is null && timeProvider.GetElapsedTime(rejection.At) >= rejection.Wait;

    private sealed record Rejection(
        TokenRequestException Error,
        int Count,
        string Fingerprint,
        long At,
        TimeSpan Wait,
        long FilesCheckedAt);
}
