using OAuthClientCredentials.TokenEndpoint;

namespace OAuthClientCredentials.Caching;

/// <summary>
/// One token and everything that happens to it. Readers take an immutable snapshot. Every change is made under one lock, and nothing is
/// awaited, started or called back under it.
/// </summary>
/// <remarks>
/// <code>
/// state       means                                        a caller
/// Empty       no token, no flight                          starts a flight and waits
/// Requesting  no token, a flight                           joins it and waits
/// Failed      no token, the next attempt is not due        gets the remembered error
/// Fresh       token, not due                               gets it
/// Due         token, renewal due, no flight                gets it; the first caller starts a flight behind it
/// Renewing    token and a flight                           gets it; a failed flight changes nothing for the caller
/// Retired     replaced by reload, removal or eviction      goes to the successor
/// </code>
/// A rejected token (401) does not change what others get: the caller that was told 401 joins or starts a flight and waits for that one.
/// </remarks>
internal sealed class TokenSource(SourceContext client, TokenRequest request)
{
    private static readonly TimeSpan MaxForcedRenewalInterval = TimeSpan.FromSeconds(30);

    // The same token with a later expiry is a renewal. Less than this is the rounding of expires_in.
    private static readonly TimeSpan ExpiryRounding = TimeSpan.FromSeconds(1);

    // Whoever keeps asking must not find the back-off begun anew: a failure is remembered this long after the last call.
    private static readonly TimeSpan FailureIsRemembered = TimeSpan.FromMinutes(2);

    // An object and not a Lock, which systematic concurrency testing does not model.
    private readonly object _gate = new();

    private TokenSnapshot? _snapshot;
    private CachedToken? _token;
    private Flight? _flight;
    private Failure? _failure;
    private long _nextForcedRenewal = long.MinValue;
    private long _lastUsed = client.Clock.GetTimestamp();
    private bool _retired;

    public TokenRequest Request => request;
    public bool IsRetired => Volatile.Read(ref _retired);
    public long LastUsed => Volatile.Read(ref _lastUsed);

    /// <summary>The hot path: one clock read, one comparison.</summary>
    public AccessToken? TryGet()
    {
        TokenSnapshot? snapshot = Volatile.Read(ref _snapshot);
        return snapshot is not null && client.Clock.GetTimestamp() < snapshot.Until ? snapshot.Token : null;
    }

    /// <summary>A valid token.</summary>
    /// <param name="rejected">The token that an API rejected, if there is one: it is replaced, or returned if it cannot be
    /// .</param>
    /// <param name="cancellationToken">Ends this caller's wait, never the flight .</param>
    /// <returns>The token, or <see langword="null"/> if this source was retired: its successor has one.</returns>
    public async ValueTask<AccessToken?> GetAsync(AccessToken? rejected, CancellationToken cancellationToken)
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

                token = Look_NeedsLock(client.Clock.Read(), rejected?.Value, out flight);
            }

            flight?.Start();
            if (token is not null)
            {
                return token;
            }

            FlightResult result = await flight!.Result.WaitAsync(cancellationToken).ConfigureAwait(false);
            if (result.Token is not null)
            {
                return result.Token;
            }

            if (result.Failure is not null)
            {
                lock (_gate)
                {
                    return ValidToken_NeedsLock(client.Clock.Read())?.Token ?? throw result.Failure.Copy();
                }
            }
        }
    }

    /// <summary>What is known now.</summary>
    public ClientStatus GetStatus()
    {
        lock (_gate)
        {
            ClockReading now = client.Clock.Read();
            AccessToken? token = ValidToken_NeedsLock(now)?.Token;
            return new ClientStatus
            {
                State = State_NeedsLock(now),
                ExpiresAt = token?.ExpiresAt,
                RequestedAt = token?.RequestedAt,
                ConsecutiveFailures = _failure?.Count ?? 0,
                LastError = _failure?.Error.Copy(),
                NextAttemptAt = _failure?.NextAttemptAt(token is not null, now, client.Clock),
            };
        }
    }

    /// <summary>Forgets former failures. After a change of the credential the token is renewed at the next use .</summary>
    public void ApplySettings()
    {
        lock (_gate)
        {
            _failure = null;
            RenewForNewCredential_NeedsLock();
        }
    }

    /// <summary>Ends this source for good. A late response changes nothing; waiters go to the successor.</summary>
    /// <returns>A task that ends with the flight, if there is one.</returns>
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

    /// <summary>Retires this source if nobody would miss it. <paramref name="force"/> ignores a valid token and failures.</summary>
    public bool TryEvict(bool force)
    {
        lock (_gate)
        {
            ClockReading now = client.Clock.Read();
            bool isRemembered = _failure is not null && now.Timestamp - _lastUsed < client.Clock.Ticks(FailureIsRemembered);
            if (_retired || _flight is not null || (!force && (isRemembered || ValidToken_NeedsLock(now) is not null)))
            {
                return false;
            }

            Retire_NeedsLock();
            return true;
        }
    }

    /// <summary>Starts the flight that is needed, and decides what a caller gets: the token, or a flight to wait for.</summary>
    private AccessToken? Look_NeedsLock(ClockReading now, string? rejected, out Flight? flight)
    {
        _lastUsed = now.Timestamp;
        DropExpired_NeedsLock(now);
        bool isRejected = rejected is not null && _token?.Token.Value == rejected;
        if (_flight is null && ReasonToStart_NeedsLock(now, isRejected) is { } reason)
        {
            StartFlight_NeedsLock(reason, now);
        }

        flight = _flight;
        if (_token is null)
        {
            JoinWithoutToken_NeedsLock();
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

        if (now.Timestamp < _failure?.RetryBehindAt)
        {
            return null;
        }

        if (isRejected && now.Timestamp >= _nextForcedRenewal)
        {
            return FlightReason.Unauthorized;
        }

        return _token.IsDue(now) ? FlightReason.Due : null;
    }

    // A flight that callers wait for has retries. One behind a valid token has none, and neither has one after a failure, until something
    // succeeds.
    private void StartFlight_NeedsLock(FlightReason reason, ClockReading now)
    {
        if (reason == FlightReason.Unauthorized)
        {
            long half = client.Clock.Ticks(_token!.Lifetime / 2);
            _nextForcedRenewal = now.Timestamp + Math.Min(half, client.Clock.Ticks(MaxForcedRenewalInterval));
        }

        bool isAwaited = reason != FlightReason.Due && _failure is null;
        WantedToken wanted = new(client.Settings, request, isAwaited) { NotThisToken = _token?.Token };
        _flight = new(reason, wanted, RunAsync);
    }

    // Whoever has no token turns a renewal behind a token, which has expired meanwhile, into a flight that callers wait for.
    private void JoinWithoutToken_NeedsLock()
    {
        if (_flight is null)
        {
            throw _failure!.Error.Copy();
        }

        if (_failure is null)
        {
            _flight.Wanted.Patience.AllowRetries();
        }
        else
        {
            _flight.HasWaiterWithoutToken = true;
        }
    }

    /// <summary>Gives readers the token without the lock, until the wall clock is due to be read or a renewal can be due.</summary>
    private AccessToken Publish_NeedsLock(ClockReading now)
    {
        long until = Math.Min(now.Timestamp + client.Clock.TicksPerSecond, _token!.ExpiresAt);
        if (_flight is null)
        {
            until = Math.Min(until, Math.Max(_token.DueAt, _failure?.RetryBehindAt ?? long.MinValue));
        }

        Volatile.Write(ref _snapshot, new TokenSnapshot(_token.Token, until));
        return _token.Token;
    }

    private async Task RunAsync(Flight flight)
    {
        try
        {
            AccessToken token = await client.FetchAsync(flight).ConfigureAwait(false);
            Land(flight, new(token, null));
        }
        catch (TokenRequestException exception)
        {
            Land(flight, new(null, exception));
        }
        catch (OperationCanceledException)
        {
            // The source was retired: its waiters have gone to the successor.
        }
    }

    private void Land(Flight flight, FlightResult result)
    {
        AccessToken? renewed = null;
        AccessToken? present;
        DateTimeOffset nextAttemptAt = default;
        TokenRequestException? error = result.Failure;
        try
        {
            lock (_gate)
            {
                if (_flight != flight)
                {
                    return; // A response to a flight that is not ours any more changes nothing.
                }

                (_flight, _snapshot) = (null, null);
                ClockReading now = client.Clock.Read();
                DropExpired_NeedsLock(now);
                if (result.Token is not null)
                {
                    renewed = TryAccept_NeedsLock(result.Token, flight, now) ? result.Token : null;
                }
                else
                {
                    result = Fail_NeedsLock(error!, flight, now);
                    nextAttemptAt = _failure?.NextAttemptAt(_token is not null, now, client.Clock) ?? now.Utc;
                }

                present = _token?.Token;
            }
        }
        finally
        {
            // Whatever happens, nobody waits for ever.
            flight.Complete(result);
        }

        // Without a token, a failure that is told to nobody is not reported either: the waiters start over.
        error = present is null ? result.Failure : error;
        client.Events.RequestEnded(
            client.Settings.Context,
            flight.Reason.ToString(),
            renewed?.ExpiresAt,
            error,
            present?.ExpiresAt,
            nextAttemptAt);
    }

    private bool TryAccept_NeedsLock(AccessToken token, Flight flight, ClockReading now)
    {
        CachedToken next = new(token, flight.Settings, now, client.Clock);
        _failure = null;
        bool isProgress = !next.IsExpired(now) && (_token is null || IsProgress_NeedsLock(next, flight, now));
        if (isProgress)
        {
            _token = next;
        }
        else
        {
            // A server may repeat its token. One that is expired on arrival is for those who waited only.
            _token?.Postpone(now, flight.Settings);
        }

        RenewForNewCredential_NeedsLock();
        return isProgress;
    }

    // A token that was rejected, or belongs to another credential or binding, is worth replacing by one that expires earlier.
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
        if (flight.Settings != client.Settings)
        {
            return default; // Settings that were replaced say nothing of the new ones: the waiters start over.
        }

        bool isBehind = flight is { Reason: FlightReason.Due, HasWaiterWithoutToken: false } && !flight.Wanted.Patience.HasRetries;
        _failure = Failure.Of(error, _failure, isBehind, _token, now, client.Clock);

        // A background renewal that failed in passing fails no caller.
        bool isToldToNobody = isBehind && error is { IsTransient: true, RetryAfter: null };
        return isToldToNobody ? default : new(null, _failure.Error);
    }

    // A flight may have read the new credential before the change was announced: then there is nothing to renew.
    private void RenewForNewCredential_NeedsLock()
    {
        if (_token is not null && _token.Settings.CredentialVersion != client.Settings.CredentialVersion)
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

    private CachedToken? ValidToken_NeedsLock(ClockReading now) => _token?.IsExpired(now) == false ? _token : null;

    private ClientState State_NeedsLock(ClockReading now)
    {
        if (ValidToken_NeedsLock(now) is not { } token)
        {
            ClientState withoutFlight = _failure?.IsOver(now) == false ? ClientState.Failed : ClientState.Empty;
            return _flight is null ? withoutFlight : ClientState.Requesting;
        }

        ClientState state = token.IsDue(now) ? ClientState.Due : ClientState.Fresh;
        return _flight is null ? state : ClientState.Renewing;
    }
}
