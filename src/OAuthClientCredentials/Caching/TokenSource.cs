using System.Diagnostics;
using OAuthClientCredentials.Clients;
using OAuthClientCredentials.Diagnostics;
using OAuthClientCredentials.TokenEndpoint;

namespace OAuthClientCredentials.Caching;

/// <summary>
/// One cached token and its renewal. Readers take an immutable snapshot. Every change is made under one lock. Nothing is awaited, started
/// or called back under it.
/// </summary>
/// <remarks>
/// <code>
/// state       means                                        a caller
/// Empty       no token, no flight                          starts a flight and waits
/// Requesting  no token, a flight                           joins it and waits
/// Failed      no token, the next attempt is not due        gets the cached error
/// Fresh       token, not due                               gets it
/// Due         token, renewal due, no flight                gets it; the first caller starts a background renewal
/// Renewing    token and a flight                           gets it; a failed flight changes nothing for the caller
/// Retired     replaced by reload, removal or eviction      asks the successor
/// </code>
/// A rejected token (401) changes nothing for other callers. The caller that got the 401 joins or starts a flight and waits for it.
/// </remarks>
internal sealed class TokenSource(SourceContext context, TokenRequest request)
{
    private static readonly TimeSpan MaxForcedRenewalInterval = TimeSpan.FromSeconds(30);

    // A token that is repeated with a later expiry counts as renewed. A smaller difference is the rounding of expires_in.
    private static readonly TimeSpan ExpiryRounding = TimeSpan.FromSeconds(1);

    // A failure is kept this long after the last call, so that eviction does not restart the back-off of a client in use.
    private static readonly TimeSpan FailureLifetime = TimeSpan.FromMinutes(2);

    // An object, because systematic concurrency testing does not model System.Threading.Lock.
    private readonly object _gate = new();

    private TokenSnapshot? _snapshot;
    private CachedToken? _token;
    private Flight? _flight;
    private Failure? _failure;
    private AccessToken? _removed; // The shared cache may still have it.
    private (DateTimeOffset At, FlightReason Reason)? _lastRenewal;
    private long _nextForcedRenewal = long.MinValue;
    private long _lastUsed = context.Clock.GetTimestamp();
    private bool _retired;

    public TokenRequest Request => request;
    public bool IsRetired => Volatile.Read(ref _retired);
    public long LastUsed => Volatile.Read(ref _lastUsed);

    /// <summary>Creates what measures the wait of a call. It starts when the call has to wait.</summary>
    public TokenWait CreateWait() => context.Events.WaitOf(context.Settings.Context);

    /// <summary>The hot path: one clock read, one comparison.</summary>
    public AccessToken? TryGet()
    {
        TokenSnapshot? snapshot = Volatile.Read(ref _snapshot);
        if (snapshot is null || context.Clock.GetTimestamp() >= snapshot.Until)
        {
            return null;
        }

        return snapshot.Token;
    }

    /// <summary>Returns a valid token and requests one if needed.</summary>
    /// <param name="rejected">The token that an API rejected, if any. It is replaced, or returned if it cannot be replaced
    /// .</param>
    /// <param name="wait">Measures the wait of the caller, if it is a call.</param>
    /// <param name="cancellationToken">Ends this caller's wait, never the flight .</param>
    /// <returns>The token, or <see langword="null"/> if this source was retired and the successor must be asked.</returns>
    public async ValueTask<AccessToken?> GetAsync(AccessToken? rejected, TokenWait? wait, CancellationToken cancellationToken)
    {
        while (true)
        {
            AccessToken? token;
            Flight? flight;
            lock (_gate)
            {
                if (_retired)
                {
                    return null;
                }

                token = TokenOrFlight_NeedsLock(context.Clock.Read(), rejected?.Value, out flight);
            }

            flight?.Start();
            if (token is not null)
            {
                return token;
            }

            if (wait is not null)
            {
                flight!.Wanted.AddWaiter(wait.Start());
            }

            FlightResult result = await flight!.Result.WaitAsync(cancellationToken).ConfigureAwait(false);
            wait?.LinkTo(flight.Wanted.Span);
            if (result.Token is not null)
            {
                return result.Token;
            }

            if (result.Failure is not null)
            {
                return ValidToken() ?? throw Failed(result.Failure, wait);
            }
        }
    }

    /// <summary>Returns the current state. It requests nothing.</summary>
    /// <param name="otherCallsSucceed">Whether calls with other scopes have a valid token.</param>
    public ClientStatus GetStatus(bool otherCallsSucceed = false)
    {
        lock (_gate)
        {
            ClockReading now = context.Clock.Read();
            CachedToken? token = ValidToken_NeedsLock(now);
            CredentialValidity? credential = context.Settings.CredentialValidity;
            return new ClientStatus
            {
                State = State_NeedsLock(now),
                ExpiresAt = token?.Token.ExpiresAt,
                RequestedAt = token?.Token.RequestedAt,
                Age = token?.Age(now),
                RemainingLifetime = token?.RemainingLife(now),
                TokenFingerprint = token?.TokenFingerprint,
                LastRenewedAt = _lastRenewal?.At,
                LastRenewalReason = _lastRenewal?.Reason.ToWord(),
                ConsecutiveFailures = _failure?.Count ?? 0,
                LastError = _failure?.Error.Copy(),
                NextAttemptAt = _failure?.NextAttemptAt(token is not null, now, context.Clock),
                CredentialExpiresAt = credential?.Until,
                CredentialLifetime = credential?.Duration,
                OtherCallsSucceed = otherCallsSucceed,
            };
        }
    }

    /// <summary>Clears the failure. After a credential change the token is renewed at the next use .</summary>
    public void ApplySettings()
    {
        lock (_gate)
        {
            _failure = null;
            RenewForNewCredential_NeedsLock();
        }
    }

    /// <summary>Retires this source. A late response changes nothing. Waiters ask the successor.</summary>
    /// <returns>A task that completes when the flight has ended.</returns>
    public Task RetireAsync()
    {
        Flight? flight;
        lock (_gate)
        {
            flight = _flight;
            Retire_NeedsLock();
        }

        flight?.Abandon();
        return flight?.Ended ?? Task.CompletedTask;
    }

    /// <summary>Removes the valid token. A flight under way is abandoned, because the server may repeat the token.</summary>
    /// <returns>The token and the current settings of its client, or <see langword="null"/> if there is no valid token.</returns>
    public (AccessToken Token, ClientSettings Settings)? RemoveToken()
    {
        Flight? flight;
        AccessToken removed;
        lock (_gate)
        {
            if (ValidToken_NeedsLock(context.Clock.Read()) is null)
            {
                return null;
            }

            (flight, removed) = (_flight, _token!.Token);
            (_flight, _token, _snapshot, _removed) = (null, null, null, removed);
        }

        flight?.Abandon();
        return (removed, context.Settings);
    }

    /// <summary>Retires this source if it is idle. <paramref name="force"/> ignores a valid token and a failure.</summary>
    public bool TryEvict(bool force)
    {
        lock (_gate)
        {
            ClockReading now = context.Clock.Read();
            bool hasRecentFailure = _failure is not null && now.Timestamp - _lastUsed < context.Clock.Ticks(FailureLifetime);
            bool hasToken = ValidToken_NeedsLock(now) is not null || now.Utc < _removed?.ExpiresAt;
            if (_retired || _flight is not null || (!force && (hasRecentFailure || hasToken)))
            {
                return false;
            }

            Retire_NeedsLock();
            return true;
        }
    }

    /// <summary>Creates a flight if one is needed, and decides what the caller gets: the token, or a flight to wait for.</summary>
    private AccessToken? TokenOrFlight_NeedsLock(ClockReading now, string? rejected, out Flight? flight)
    {
        _lastUsed = now.Timestamp;
        DropExpired_NeedsLock(now);
        bool isRejected = rejected is not null && _token?.Token.Value == rejected;
        if (_flight is null && ReasonToStart_NeedsLock(now, isRejected) is { } reason)
        {
            CreateFlight_NeedsLock(reason, now);
        }

        flight = _flight;
        if (_token is null)
        {
            JoinOrThrow_NeedsLock();
            return null;
        }

        if (isRejected && flight is not null)
        {
            flight.ReplacesRejected = true;
            return null;
        }

        return Publish_NeedsLock(now);
    }

    private FlightReason? ReasonToStart_NeedsLock(ClockReading now, bool isRejected)
    {
        if (_token is null)
        {
            return _failure is null || _failure.IsOver(now) ? FlightReason.NoToken : null;
        }

        if (now.Timestamp < _failure?.NextRenewalAt)
        {
            return null;
        }

        if (isRejected && now.Timestamp >= _nextForcedRenewal)
        {
            return FlightReason.Unauthorized;
        }

        return _token.IsDue(now) ? FlightReason.Due : null;
    }

    // Only a flight that callers wait for is retried. A background renewal makes one attempt, and so does each flight after a failure until
    // one succeeds.
    private void CreateFlight_NeedsLock(FlightReason reason, ClockReading now)
    {
        if (reason == FlightReason.Unauthorized)
        {
            long half = context.Clock.Ticks(_token!.Lifetime / 2);
            _nextForcedRenewal = now.Timestamp + Math.Min(half, context.Clock.Ticks(MaxForcedRenewalInterval));
        }

        bool isAwaited = reason != FlightReason.Due && _failure is null;
        WantedToken wanted = new(context.Settings, request, isAwaited)
        {
            NotThisToken = _token?.Token ?? _removed,
            Reason = reason.ToWord(),
            StartedBy = Activity.Current?.Context ?? default,
        };
        _flight = new(reason, wanted, RunAsync);
    }

    // Without a flight the caller gets the cached error. Without a former failure the flight gets retries: it may be a background renewal
    // whose token has expired. After a failure the flight's single attempt fails the caller.
    private void JoinOrThrow_NeedsLock()
    {
        if (_flight is null)
        {
            throw _failure!.Error.Copy();
        }

        if (_failure is null)
        {
            _flight.Wanted.Retries.Allow();
        }
        else
        {
            _flight.HasWaiterWithoutToken = true;
        }
    }

    /// <summary>Lets readers take the token without the lock until the wall clock must be read again or a renewal can be due.</summary>
    private AccessToken Publish_NeedsLock(ClockReading now)
    {
        long until = Math.Min(now.Timestamp + context.Clock.TicksPerSecond, _token!.ExpiresAt);
        if (_flight is null)
        {
            until = Math.Min(until, Math.Max(_token.DueAt, _failure?.NextRenewalAt ?? long.MinValue));
        }

        Volatile.Write(ref _snapshot, new TokenSnapshot(_token.Token, until));
        return _token.Token;
    }

    private async Task RunAsync(Flight flight)
    {
        try
        {
            AccessToken token = await context.FetchAsync(flight).ConfigureAwait(false);
            Complete(flight, new(token, null));
        }
        catch (TokenRequestException exception)
        {
            Complete(flight, new(null, exception));
        }
        catch (OperationCanceledException)
        {
            // The source was retired, and its waiters ask the successor.
        }
    }

    private void Complete(Flight flight, FlightResult result)
    {
        FlightReport report;
        try
        {
            lock (_gate)
            {
                if (_flight != flight)
                {
                    return; // The source was retired meanwhile: a late response changes nothing.
                }

                report = Apply_NeedsLock(flight, ref result);
            }
        }
        finally
        {
            // Waiters are released whatever happens.
            flight.Complete(result);
        }

        report.WriteTo(context.Events, context.Settings.Context, flight.Wanted.Reason);
    }

    private FlightReport Apply_NeedsLock(Flight flight, ref FlightResult result)
    {
        (_flight, _snapshot) = (null, null);
        ClockReading now = context.Clock.Read();
        DropExpired_NeedsLock(now);
        if (result.Token is { } token)
        {
            bool isRenewed = TryAccept_NeedsLock(token, flight, now);
            return new FlightReport { Renewed = isRenewed ? token : null };
        }

        TokenRequestException error = result.Failure!;
        result = Fail_NeedsLock(error, flight, now);
        return new FlightReport
        {
            // Without a token, a failure that no waiter gets is not reported either, because the waiters start over.
            Error = _token is null ? result.Failure : error,
            ValidUntil = _token?.Token.ExpiresAt,
            NextAttemptAt = _failure?.NextAttemptAt(_token is not null, now, context.Clock) ?? now.Utc,
        };
    }

    private bool TryAccept_NeedsLock(AccessToken token, Flight flight, ClockReading now)
    {
        CachedToken next = new(token, flight.Settings, now, context.Clock);
        _failure = null;
        _lastRenewal = (now.Utc, flight.Reason);
        bool isProgress = !next.IsExpired(now) && (_token is null || IsProgress_NeedsLock(next, flight, now));
        if (isProgress)
        {
            _token = next;
        }
        else
        {
            // A server may repeat its token. A token that is expired on arrival goes to the waiters only.
            _token?.Postpone(now, flight.Settings);
        }

        RenewForNewCredential_NeedsLock();
        return isProgress;
    }

    // A rejected token, or one of another credential or binding, is replaced even by a token that expires earlier.
    private bool IsProgress_NeedsLock(CachedToken next, Flight flight, ClockReading now)
    {
        TimeSpan gain = next.RemainingLife(now) - _token!.RemainingLife(now);
        if (next.Token.Value == _token.Token.Value)
        {
            return gain > ExpiryRounding;
        }

        return gain > TimeSpan.Zero
            || flight.ReplacesRejected
            || _token.Settings.CredentialVersion != flight.Settings.CredentialVersion
            || next.Token.BindingThumbprint != _token.Token.BindingThumbprint;
    }

    private FlightResult Fail_NeedsLock(TokenRequestException error, Flight flight, ClockReading now)
    {
        if (flight.Settings != context.Settings)
        {
            return FlightResult.StartOver; // The settings were replaced meanwhile. Their failure says nothing about the new ones.
        }

        bool isBackground = flight is { Reason: FlightReason.Due, HasWaiterWithoutToken: false } && !flight.Wanted.Retries.AreAllowed;
        _failure = Failure.Of(error, _failure, isBackground, _token, now, context.Clock);

        // A transient error of a background renewal fails no caller.
        bool failsNoCaller = isBackground && error is { IsTransient: true, RetryAfter: null };
        return failsNoCaller ? FlightResult.StartOver : new(null, _failure.Error);
    }

    // The flight may have used the new credential already, before the change was announced. Then there is nothing to renew.
    private void RenewForNewCredential_NeedsLock()
    {
        if (_token is not null && _token.Settings.CredentialVersion != context.Settings.CredentialVersion)
        {
            _snapshot = null;
            _token.MakeDue();
        }
    }

    private void DropExpired_NeedsLock(ClockReading now)
    {
        if (_token?.IsExpired(now) == true)
        {
            _token = null;
            _snapshot = null;
        }
    }

    private void Retire_NeedsLock()
    {
        _retired = true;
        _snapshot = null;
        _token = null;
        _flight = null;
    }

    private static TokenRequestException Failed(TokenRequestException failure, TokenWait? wait)
    {
        wait?.Fail(failure);
        return failure.Copy();
    }

    private AccessToken? ValidToken()
    {
        lock (_gate)
        {
            return ValidToken_NeedsLock(context.Clock.Read())?.Token;
        }
    }

    private CachedToken? ValidToken_NeedsLock(ClockReading now)
    {
        if (_token is null || _token.IsExpired(now))
        {
            return null;
        }

        return _token;
    }

    private ClientState State_NeedsLock(ClockReading now)
    {
        if (ValidToken_NeedsLock(now) is { } token)
        {
            return _flight is not null ? ClientState.Renewing : StateOf(token, now);
        }

        if (_flight is not null)
        {
            return ClientState.Requesting;
        }

        return _failure?.IsOver(now) == false ? ClientState.Failed : ClientState.Empty;
    }

    private static ClientState StateOf(CachedToken token, ClockReading now) => token.IsDue(now) ? ClientState.Due : ClientState.Fresh;
}
