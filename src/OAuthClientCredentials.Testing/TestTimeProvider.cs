namespace OAuthClientCredentials.Testing;

/// <summary>A clock that stands still until a test moves it. Timers fire in order while it moves. Thread-safe.</summary>
/// <remarks>
/// Wall clock and monotonic clock move together, as on a good day, or apart: a machine that slept is <see cref="JumpWallClock"/> forward
/// (Linux stops the monotonic clock meanwhile), somebody who set the clock is a jump either way. Timers follow the monotonic clock.
/// </remarks>
public sealed class TestTimeProvider : TimeProvider
{
    private readonly object _gate = new();
    private readonly List<Timer> _timers = [];
    private readonly DateTimeOffset _start;
    private TimeSpan _elapsed;
    private TimeSpan _offset;

    /// <summary>Makes a clock.</summary>
    /// <param name="start">What the wall clock shows (UTC). Defaults to the beginning of 2026.</param>
    public TestTimeProvider(DateTimeOffset? start = null) => _start = (start ?? new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero)).ToUniversalTime();

    /// <inheritdoc/>
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <inheritdoc/>
    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    /// <inheritdoc/>
    public override long GetTimestamp()
    {
        lock (_gate)
        {
            return _elapsed.Ticks;
        }
    }

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow()
    {
        lock (_gate)
        {
            return _start + _elapsed + _offset;
        }
    }

    /// <summary>Lets time pass on both clocks. Every timer that is due on the way fires at its own moment.</summary>
    /// <param name="by">How much time. Not negative.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="by"/> is negative: time does not run backwards. Use <see cref="JumpWallClock"/>.</exception>
    public void Advance(TimeSpan by)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(by, TimeSpan.Zero);
        TimeSpan end;
        lock (_gate)
        {
            end = _elapsed + by;
        }

        while (NextDue(end) is { } timer)
        {
            timer.Fire();
        }
    }

    /// <summary>Moves the wall clock alone: forward when the machine slept, either way when somebody set the clock. No timer fires.</summary>
    /// <param name="by">How far.</param>
    public void JumpWallClock(TimeSpan by)
    {
        lock (_gate)
        {
            _offset += by;
        }
    }

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ArgumentNullException.ThrowIfNull(callback);
        Timer timer = new(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    // Moves the clock to the next timer that is due, or to the end if there is none.
    private Timer? NextDue(TimeSpan end)
    {
        lock (_gate)
        {
            Timer? next = _timers.Where(timer => timer.DueAt <= end).MinBy(timer => timer.DueAt);
            _elapsed = TimeSpan.FromTicks(Math.Max(_elapsed.Ticks, (next?.DueAt ?? end).Ticks));
            next?.Schedule();
            return next;
        }
    }

    private sealed class Timer(TestTimeProvider time, TimerCallback callback, object? state) : ITimer
    {
        private TimeSpan _period;

        public TimeSpan DueAt { get; private set; }

        public void Fire() => callback(state);

        /// <summary>Under the clock's lock: waits for the next period, or is done.</summary>
        public void Schedule()
        {
            if (_period > TimeSpan.Zero)
            {
                DueAt += _period;
            }
            else
            {
                time._timers.Remove(this);
            }
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (time._gate)
            {
                time._timers.Remove(this);
                _period = period;
                DueAt = time._elapsed + dueTime;
                if (dueTime != Timeout.InfiniteTimeSpan)
                {
                    time._timers.Add(this);
                }
            }

            // As the platform does it, what is due at once fires without any time passing.
            if (dueTime == TimeSpan.Zero)
            {
                time.Advance(TimeSpan.Zero);
            }

            return true;
        }

        public void Dispose()
        {
            lock (time._gate)
            {
                time._timers.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
