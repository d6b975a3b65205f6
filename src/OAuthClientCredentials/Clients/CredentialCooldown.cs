using OAuthClientCredentials.Resilience;

namespace OAuthClientCredentials.Clients;

/// <summary>
/// A circuit breaker for one client's credential. Closed: requests pass. Open, after the server rejected the credential: nothing is
/// sent, by whichever request. Half open, when the cool-down is over: one request tries, the others stay held back. A credential that has
/// changed closes it. Thread-safe.
/// </summary>
internal sealed class CredentialCooldown(TimeProvider timeProvider)
{
    private static readonly TimeSpan LookAtFilesEvery = TimeSpan.FromSeconds(1);

    private readonly object _gate = new();
    private Rejection? _rejection;
    private object? _trial;

    /// <summary>Asked before the credential is read.</summary>
    /// <param name="isFromFile">Whether the credential is in a file, which may have been replaced.</param>
    /// <exception cref="TokenRequestException">The credential is held back, and there is no reason to read it again.</exception>
    public void ThrowIfHeldBack(bool isFromFile)
    {
        lock (_gate)
        {
            if (_rejection is null || MayTry_NeedsLock(_rejection))
            {
                return;
            }

            long now = timeProvider.GetTimestamp();
            if (!isFromFile || timeProvider.GetElapsedTime(_rejection.LookedAt, now) < LookAtFilesEvery)
            {
                throw _rejection.Error.HeldBack();
            }

            _rejection = _rejection with { LookedAt = now };
        }
    }

    /// <summary>Asked when the credential has been read, and again when its request is about to be sent.</summary>
    /// <param name="request">The request, with its credential.</param>
    /// <param name="isFromFile">Whether the credential is in a file. Only then a changed one is news: a callback may return a new one each
    /// time.</param>
    /// <returns>The trial, if this request is the one that tries. It must end by <see cref="Leave"/>.</returns>
    /// <exception cref="TokenRequestException">The credential is held back.</exception>
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
                throw _rejection.Error.HeldBack();
            }

            return _trial = new object();
        }
    }

    /// <summary>The server accepted the credential: the circuit is closed.</summary>
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
    /// The server rejected the credential: the circuit is open. Requests that were under way together are rejected together, which counts
    /// once.
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
            TimeSpan wait = Backoff.AfterFatal(count);
            long now = timeProvider.GetTimestamp();
            error.RememberUntil(timeProvider.GetUtcNow() + wait);
            _rejection = new(error, count, fingerprint, now, wait, LookedAt: now);
        }
    }

    /// <summary>
    /// The trial has ended, with or without a verdict on the credential, or its request was cancelled. A later one is not touched.
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

    private sealed record Rejection(TokenRequestException Error, int Count, string Fingerprint, long At, TimeSpan Wait, long LookedAt);
}
