using System.Diagnostics;
using OAuthClientCredentials.Configuration;
using OAuthClientCredentials.Diagnostics;
using OAuthClientCredentials.Resilience;

namespace OAuthClientCredentials.Caching;

/// <summary>
/// One token and everything that happens to it: empty, fresh, due, renewed behind, backing off, rejected, expired, retired.
/// Readers look at an immutable <see cref="Lease"/>; every transition happens under one lock, and nothing is awaited or called back under it.
/// </summary>
internal sealed class TokenSource(ClientSources client, TokenRequest request)
{
    // An object and not a Lock: systematic concurrency testing does not know the latter.
    private readonly object _gate = new();

    private Lease? _lease;
    private AccessToken? _token;
    private ClientSettings? _tokenSettings;
    private Flight? _flight;
    private TokenRequestException? _failure;
    private int _failures;
    private long _dueAt;
    private bool _isDueDrawn;
    private long _landedAt;
    private long _nextAttemptAt;
    private long _nextForcedAt;
    private long _lastUsed;
    private bool _replaceAnyway;
    private bool _retired;

    public TokenRequest Request => request;

    /// <summary>The identity of its tokens: what a shared store knows them by .</summary>
    public string Key => TokenIdentity.Compute(client.Settings, request, Volatile.Read(ref _token)?.BoundTo?.Thumbprint);

    public bool IsInFlight
    {
        get
        {
            lock (_gate)
            {
                return _flight is not null;
            }
        }
    }

    public bool IsRetired => Volatile.Read(ref _retired);

    public long LastUsed => Volatile.Read(ref _lastUsed);

    /// <summary>The hot path: one clock read, one comparison.</summary>
    public AccessToken? TryGet()
    {
        Lease? lease = Volatile.Read(ref _lease);
        return lease is not null && client.Time.GetTimestamp() < lease.Until ? lease.Token : null;
    }

    /// <summary>The token, or <see langword="null"/> if this source was retired: then its successor has one.</summary>
    public async ValueTask<AccessToken?> GetAsync(CancellationToken cancellationToken)
    {
        Flight flight;
        lock (_gate)
        {
            if (_retired)
            {
                return null;
            }

            Instant now = new(client.Time);
            if (Advance(now) is { } token)
            {
                return token;
            }

            flight = _flight ?? throw Remembered();
        }

        // the caller's cancellation ends this wait, never the flight.
        FlightResult result = await flight.Result.WaitAsync(cancellationToken).ConfigureAwait(false);
        return result.Failure is null ? result.Token : AfterFailure(result.Failure);
    }

    /// <summary>An API rejected this token: renew it, if it is still the present one and the ration allows .</summary>
    public void Reject(AccessToken rejected)
    {
        lock (_gate)
        {
            Instant now = new(client.Time);
            if (_token is null || _token.Value != rejected.Value || now.Timestamp < _nextForcedAt || now.Timestamp < _nextAttemptAt)
            {
                return;
            }

            TimeSpan ration = Least(TimeSpan.FromSeconds(30), _token.Lifetime / 2);
            _nextForcedAt = now.Timestamp + client.Ticks(ration);
            _lease = null;
            if (_flight is null)
            {
                Start(FlightReason.Unauthorized);
            }
            else
            {
                _flight.ReplacesRejected = true;
            }
        }
    }

    /// <summary>The credential changed: the token stays valid, but is renewed at the next use, and nothing that the old one caused is remembered .</summary>
    public void MarkDue()
    {
        lock (_gate)
        {
            RenewWithNewCredential();
        }
    }

    /// <summary>Ends this source for good. A late answer finds nobody; its waiters go to the successor.</summary>
    public Task RetireAsync()
    {
        Flight? flight;
        lock (_gate)
        {
            (flight, _flight) = (_flight, null);
            _retired = true;
            _lease = null;
            _token = null;
        }

        flight?.Abandon();
        return flight?.Ended ?? Task.CompletedTask;
    }

    /// <summary>Retires this source if nobody would miss it; <paramref name="force"/> also one whose token still lives.</summary>
    public bool TryEvict(bool force)
    {
        lock (_gate)
        {
            bool isMissed = _retired || _flight is not null || (!force && _token is not null && !IsExpired(_token, new Instant(client.Time)));
            if (!isMissed)
            {
                _retired = true;
                _lease = null;
                _token = null;
            }

            return !isMissed;
        }
    }

    // The state machine. Under the lock: starts the flight that is needed, and says which token may be used now.
    private AccessToken? Advance(Instant now)
    {
        _lastUsed = now.Timestamp;
        if (_token is not null && IsExpired(_token, now))
        {
            DropExpired();
        }

        if (_token is not null && !_isDueDrawn && IsDue(_token, now))
        {
            DrawDueTime(_token);
        }

        if (_flight is null && MayStart(now))
        {
            Start(_token is not null ? FlightReason.Due : _dueAt == 0 ? FlightReason.Cold : FlightReason.Expired);
        }

        if (_token is null || _flight?.ReplacesRejected == true)
        {
            return null;
        }

        // The wall clock is looked at again in a second at the latest, the state when something can happen in it.
        long until = Math.Min(now.Timestamp + client.Time.TimestampFrequency, ExpiryOf(_token));
        Volatile.Write(ref _lease, new Lease(_token, _flight is null ? Math.Min(until, Math.Max(_dueAt, _nextAttemptAt)) : until));
        return _token;
    }

    private bool MayStart(Instant now) =>
        _token is null ? _failure is null || now.Timestamp >= _nextAttemptAt
        : IsDue(_token, now) && now.Timestamp >= _nextAttemptAt;

    private void DropExpired()
    {
        _token = null;
        _lease = null;

        // what failed while there was a token does not lengthen the waits without one.
        _failures = _failure?.IsTransient == false ? _failures : 0;
    }

    private void Start(FlightReason reason)
    {
        Flight flight = new(reason, client.Settings)
        {
            BehindUntil = reason == FlightReason.Due ? ExpiryOf(_token!) : long.MinValue,
        };
        _flight = flight;

        // neither the caller's AsyncLocals nor its Activity belong to what everybody shares.
        bool flows = !ExecutionContext.IsFlowSuppressed();
        AsyncFlowControl suppressed = flows ? ExecutionContext.SuppressFlow() : default;
        try
        {
            flight.Ended = Task.Run(() => FlyAsync(flight));
        }
        finally
        {
            if (flows)
            {
                suppressed.Undo();
            }
        }
    }

    // Whatever happens in a flight, its waiters hear of it.
    private async Task FlyAsync(Flight flight)
    {
        try
        {
            Land(flight, await RequestAsync(flight).ConfigureAwait(false));
        }
        catch (OperationCanceledException) when (flight.CancellationToken.IsCancellationRequested)
        {
            // Abandoned: its waiters know already.
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // a logger or listener of the application's threw. If the flight had landed before, nothing more comes of it.
            Land(flight, new(null, client.Settings.Name.Broken(exception)));
        }
    }

    private async Task<FlightResult> RequestAsync(Flight flight)
    {
        using Activity? activity = Tracing.StartTokenRequest(flight.Settings.Name, flight.Reason.ToString(), flight.StartedBy);
        try
        {
            return new(await client.RequestTokenAsync(request, flight.BehindUntil, flight.CancellationToken).ConfigureAwait(false), null);
        }
        catch (TokenRequestException exception)
        {
            activity?.SetStatus(ActivityStatusCode.Error);
            return new(null, exception);
        }
    }

    private void Land(Flight flight, FlightResult result)
    {
        Action? log;
        lock (_gate)
        {
            // an answer to a flight that is no longer ours changes nothing.
            if (_flight != flight)
            {
                return;
            }

            _flight = null;
            _lease = null;
            Instant now = new(client.Time);
            if (result.Token is not null)
            {
                log = Accept(result.Token, flight, now);
            }
            else
            {
                log = Remember(result.Failure!, flight, now);
                result = new(null, _failure);
            }

            RenewAgainIfCredentialChanged(flight);
        }

        flight.Complete(result);

        // a logger is the application's code.
        log?.Invoke();
    }

    private Action? Accept(AccessToken token, Flight flight, Instant now)
    {
        bool isAlive = !IsExpired(token, now);
        AccessToken? present = _token is not null && !IsExpired(_token, now) ? _token : null;
        bool mustReplace = flight.ReplacesRejected || _replaceAnyway || present?.BoundTo?.Thumbprint != token.BoundTo?.Thumbprint;
        bool isProgress = isAlive && (present is null || (present.Value != token.Value && (mustReplace || ExpiryOf(token) > ExpiryOf(present))));
        if (isProgress)
        {
            Forgive();
            _token = token;
            _tokenSettings = flight.Settings;
            _landedAt = now.Timestamp;
            _dueAt = EarliestDueTimeOf(token);
            _isDueDrawn = false;
            _replaceAnyway = false;
            return () => client.Logger.TokenRenewed(client.Settings.Name, flight.Reason.ToString(), token.ExpiresAt);
        }

        if (present is not null)
        {
            // some servers hand out the same token until it is nearly gone.
            _nextAttemptAt = now.Timestamp + client.Ticks(Backoff.WhileValid(RemainingLife(present, now)));
            _replaceAnyway = false;
        }
        else
        {
            // dead on arrival. Those who waited get it; nobody after them.
            Forgive();
        }

        return null;
    }

    // The flight carried a credential that has been replaced meanwhile.
    private void RenewAgainIfCredentialChanged(Flight flight)
    {
        if (!flight.Settings.HasSameCredential(client.Settings))
        {
            RenewWithNewCredential();
        }
    }

    // A token that came with the present credential, while the news of it was still on its way, is none to renew.
    private void RenewWithNewCredential()
    {
        Forgive();
        if (_token is not null && !_tokenSettings!.HasSameCredential(client.Settings))
        {
            _lease = null;
            _dueAt = long.MinValue;
            _isDueDrawn = true;
            _replaceAnyway = true;
        }
    }

    private Action Remember(TokenRequestException failure, Flight flight, Instant now)
    {
        _failures++;
        AccessToken? present = _token is not null && !IsExpired(_token, now) ? _token : null;
        TimeSpan wait = !failure.IsTransient ? Backoff.AfterFatal(_failures)
            : present is not null ? Backoff.WhileValid(RemainingLife(present, now))
            : Backoff.WithoutToken(_failures);
        wait = failure.RetryAfter > wait ? failure.RetryAfter.Value : wait;
        _nextAttemptAt = now.Timestamp + client.Ticks(wait);
        _failure = failure.Copy(now.Utc + wait);
        return present is not null
            ? () => client.Logger.RenewalFailed(client.Settings.Name, flight.Reason.ToString(), present.ExpiresAt, wait, failure.Message)
            : () => client.Logger.NoToken(client.Settings.Name, flight.Reason.ToString(), wait, failure.Message);
    }

    // A failed renewal is no failed call while a token lives, be it one that an API rejected.
    private AccessToken AfterFailure(TokenRequestException failure)
    {
        lock (_gate)
        {
            return _token is { } token && !IsExpired(token, new Instant(client.Time)) ? token : throw failure.Copy();
        }
    }

    private TokenRequestException Remembered() =>
        _failure?.Copy() ?? throw new UnreachableException("Without token and failure, a flight is started.");

    private void Forgive()
    {
        _failure = null;
        _failures = 0;
        _nextAttemptAt = 0;
    }

    private bool IsExpired(AccessToken token, Instant now) => now.Timestamp >= ExpiryOf(token) || now.Utc >= token.ExpiresAt;

    private bool IsDue(AccessToken token, Instant now) => now.Timestamp >= _dueAt || now.Utc >= token.ExpiresAt - client.Span(ExpiryOf(token) - _dueAt);

    private long ExpiryOf(AccessToken token) => token.RequestedTimestamp + client.Ticks(token.Lifetime);

    private TimeSpan RemainingLife(AccessToken token, Instant now)
    {
        TimeSpan byTimestamp = client.Span(ExpiryOf(token) - now.Timestamp);
        return Least(byTimestamp, token.ExpiresAt - now.Utc);
    }

    private long EarliestDueTimeOf(AccessToken token) => token.RequestedTimestamp + (client.Ticks(token.Lifetime) / 2);

    // at 75 to 90 % of the life, drawn once; earlier, down to half, where the server is so slow that the renewal would come too late.
    // not drawn before it can matter, since the first random number loads the platform's whole cryptography.
    private void DrawDueTime(AccessToken token)
    {
        long life = client.Ticks(token.Lifetime);
        long requestTook = _landedAt - token.RequestedTimestamp;
        long due = token.RequestedTimestamp + Math.Min((long)(life * Jitter.Between(0.75, 0.9)), life - (2 * requestTook));
        _dueAt = Math.Max(EarliestDueTimeOf(token), due);
        _isDueDrawn = true;
    }

    private static TimeSpan Least(TimeSpan left, TimeSpan right) => left < right ? left : right;
}
