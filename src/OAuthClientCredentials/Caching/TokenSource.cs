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
    //
    private static readonly TimeSpan MostRation = TimeSpan.FromSeconds(30);

    // An object and not a Lock: systematic concurrency testing does not know the latter.
    private readonly object _gate = new();

    private Lease? _lease;
    private HeldToken? _held;
    private Flight? _flight;
    private TokenRequestException? _failure;
    private int _failures;
    private long _failedAt;
    private long _nextAttemptAt = long.MinValue;
    private long _nextForcedAt = long.MinValue;
    private long _lastUsed = client.Time.GetTimestamp();
    private bool _replaceAnyway;
    private bool _hasServed;
    private bool _retired;

    public TokenRequest Request => request;

    /// <summary>The identity of its tokens: what a shared store knows them by .</summary>
    public string Key => TokenIdentity.Compute(client.Settings, request, Volatile.Read(ref _held)?.Token.BoundTo?.Thumbprint);

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
            if (_held is null || _held.Token.Value != rejected.Value || now.Timestamp < _nextForcedAt || now.Timestamp < _nextAttemptAt)
            {
                return;
            }

            TimeSpan half = _held.Token.Lifetime / 2;
            _nextForcedAt = now.Timestamp + client.Ticks(half < MostRation ? half : MostRation);
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

    /// <summary>The options changed: nothing that the old ones caused is remembered. With a new credential the token stays valid, but is renewed at the next use .</summary>
    public void TakeOverChange()
    {
        lock (_gate)
        {
            StartAnew();
        }
    }

    /// <summary>Forgets a failure that was another request's.</summary>
    public void EndKnownFailure()
    {
        lock (_gate)
        {
            if (_failure?.KnownUntil is not null)
            {
                Forgive();
            }
        }
    }

    /// <summary>Ends this source for good. A late answer finds nobody; its waiters go to the successor.</summary>
    public Task RetireAsync()
    {
        Flight? flight;
        lock (_gate)
        {
            (flight, _flight) = (_flight, null);
            Retire();
        }

        flight?.Abandon();
        return flight?.Ended ?? Task.CompletedTask;
    }

    /// <summary>Retires this source if nobody would miss it; <paramref name="force"/> also one whose token still lives, or that leaves the server alone for a while.</summary>
    public bool TryEvict(bool force)
    {
        lock (_gate)
        {
            Instant now = new(client.Time);
            bool isMissed = _retired || _flight is not null || (!force && (Present(now) is not null || now.Timestamp < _nextAttemptAt));
            if (!isMissed)
            {
                Retire();
            }

            return !isMissed;
        }
    }

    private void Retire()
    {
        _retired = true;
        _lease = null;
        _held = null;
    }

    // The state machine. Under the lock: starts the flight that is needed, and says which token may be used now.
    private AccessToken? Advance(Instant now)
    {
        _lastUsed = now.Timestamp;
        if (_held?.IsExpired(now) == true)
        {
            DropExpired();
        }

        if (_flight is null && MayStart(now))
        {
            Start(_held is not null ? FlightReason.Due : _hasServed ? FlightReason.Expired : FlightReason.Cold);
        }

        if (_held is null || _flight?.ReplacesRejected == true)
        {
            return null;
        }

        // The wall clock is looked at again in a second at the latest, the state when something can happen in it.
        long until = Math.Min(now.Timestamp + client.Time.TimestampFrequency, _held.EndsAt);
        Volatile.Write(ref _lease, new Lease(_held.Token, _flight is null ? Math.Min(until, Math.Max(_held.DueAt, _nextAttemptAt)) : until));
        return _held.Token;
    }

    private bool MayStart(Instant now) =>
        _held is null ? _failure is null || now.Timestamp >= _nextAttemptAt
        : _held.IsDue(now) && now.Timestamp >= _nextAttemptAt;

    private void DropExpired()
    {
        _held = null;
        _lease = null;

        // what failed in passing while there was a token does not lengthen the waits without one.
        if (_failure is { IsTransient: true, RetryAfter: null })
        {
            _failures = 0;
            _nextAttemptAt = Math.Min(_nextAttemptAt, _failedAt + client.Ticks(Backoff.WithoutToken(1)));
        }
    }

    private HeldToken? Present(Instant now) => _held?.IsExpired(now) == false ? _held : null;

    private void Start(FlightReason reason)
    {
        Flight flight = new(reason, client.Settings)
        {
            BehindUntil = reason == FlightReason.Due ? _held!.EndsAt : long.MinValue,
        };
        flight.Ended = Unawaited.StartDetached(() => Task.Run(() => FlyAsync(flight)));
        flight.Ended.ObserveFault();
        _flight = flight;
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
#pragma warning disable CA1031 // Whatever it is, memory that ran out in a hook included, the waiters must hear of it.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            // a logger, listener or hook of the application's threw. If the flight had landed before, nothing more comes of it.
            Crash(flight, new(null, client.Settings.Name.Broken(exception)));
        }
    }

    private void Crash(Flight flight, FlightResult result)
    {
        try
        {
            Land(flight, result);
        }
        finally
        {
            // If even the clock throws, nobody waits for ever, and the next call starts anew.
            lock (_gate)
            {
                _flight = _flight == flight ? null : _flight;
            }

            flight.Complete(result);
        }
    }

    private async Task<FlightResult> RequestAsync(Flight flight)
    {
        using Activity? activity = Tracing.StartTokenRequest(flight.Settings.Name, flight.Reason.ToString(), flight.StartedBy);
        try
        {
            return new(await client.RequestTokenAsync(request, flight).ConfigureAwait(false), null);
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

            Instant now = new(client.Time);
            _flight = null;
            _lease = null;
            if (result.Token is not null)
            {
                log = Accept(result.Token, flight, now);
            }
            else
            {
                log = Remember(result.Failure!, flight, now);
                result = new(null, _failure);
            }

            // The flight carried options that have been replaced meanwhile.
            if (!flight.Settings.HasSameOptions(client.Settings))
            {
                StartAnew();
            }
        }

        flight.Complete(result);

        // a logger is the application's code.
        log?.Invoke();
    }

    private Action? Accept(AccessToken token, Flight flight, Instant now)
    {
        HeldToken next = new(token, flight.Settings, now.Timestamp, client);
        HeldToken? present = Present(now);
        if (!next.IsExpired(now) && (present is null || IsProgress(next, present, flight)))
        {
            Forgive();
            _held = next;
            _hasServed = true;
            _replaceAnyway = false;
            return () => client.Logger.TokenRenewed(client.Settings.Name, flight.Reason.ToString(), token.ExpiresAt);
        }

        if (present is not null)
        {
            // some servers hand out the same token until it is nearly gone.
            Forgive();
            _nextAttemptAt = now.Timestamp + client.Ticks(Backoff.WhileValid(present.RemainingLife(now), present.Token.Lifetime));
            _replaceAnyway = false;
        }
        else
        {
            // dead on arrival. Those who waited get it; nobody after them.
            Forgive();
        }

        return null;
    }

    // A token that was rejected, or got with another credential or certificate, is worth replacing by one that lives no longer.
    private bool IsProgress(HeldToken next, HeldToken present, Flight flight) =>
        next.Token.Value != present.Token.Value
        && (flight.ReplacesRejected || _replaceAnyway || next.EndsAt > present.EndsAt || next.Token.BoundTo?.Thumbprint != present.Token.BoundTo?.Thumbprint);

    // A token that came with the present credential, while the news of it was still on its way, is none to renew.
    private void StartAnew()
    {
        Forgive();
        if (_held is not null && !_held.Settings.HasSameCredential(client.Settings))
        {
            _lease = null;
            _held.MakeDue();
            _replaceAnyway = true;
        }
    }

    private Action Remember(TokenRequestException failure, Flight flight, Instant now)
    {
        _failures++;
        _failedAt = now.Timestamp;
        HeldToken? present = Present(now);
        TimeSpan wait = failure.KnownUntil is { } until ? client.Span(Math.Max(0, until - now.Timestamp))
            : !failure.IsTransient ? Backoff.AfterFatal(_failures)
            : present is not null ? Backoff.WhileValid(present.RemainingLife(now), present.Token.Lifetime)
            : Backoff.WithoutToken(_failures);
        wait = failure.RetryAfter > wait ? failure.RetryAfter.Value : wait;
        _nextAttemptAt = now.Timestamp + client.Ticks(wait);
        _failure = failure.Copy(now.Utc + wait);
        return present is not null
            ? () => client.Logger.RenewalFailed(client.Settings.Name, flight.Reason.ToString(), present.Token.ExpiresAt, wait, failure.Message)
            : () => client.Logger.NoToken(client.Settings.Name, flight.Reason.ToString(), wait, failure.Message);
    }

    // A failed renewal is no failed call while a token lives, be it one that an API rejected.
    private AccessToken AfterFailure(TokenRequestException failure)
    {
        lock (_gate)
        {
            return Present(new Instant(client.Time))?.Token ?? throw failure.Copy();
        }
    }

    private TokenRequestException Remembered() =>
        _failure?.Copy() ?? throw new UnreachableException("Without token and failure, a flight is started.");

    private void Forgive()
    {
        _failure = null;
        _failures = 0;
        _nextAttemptAt = long.MinValue;
    }
}
