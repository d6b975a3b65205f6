namespace OAuthClientCredentials.Testing;

/// <summary>A clock that moves only when the test moves it. Timers fire in order while it moves. Thread-safe.</summary>
/// <remarks>
/// It has a wall clock and a monotonic clock. Timers follow the monotonic clock.
/// <list type="bullet">
/// <item><description><see cref="Advance"/> moves both clocks.</description></item>
/// <item><description><see cref="JumpWallClock"/> moves the wall clock only. A jump forward simulates a machine that was suspended (Linux
/// stops the monotonic clock meanwhile). A jump in either direction simulates a change of the system time.</description></item>
/// </list>
/// </remarks>
public sealed class TestTimeProvider : TimeProvider
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(250);

    // The work between two timers happens on other threads.
    private static readonly TimeSpan RealTimeForEachStep = TimeSpan.FromMilliseconds(2);

    private readonly object _gate = new();
    private readonly List<Timer> _timers = [];
    private readonly DateTimeOffset _start;
    private TimeSpan _elapsed;
    private TimeSpan _offset;

    /// <summary>Creates a clock.</summary>
    /// <param name="start">The initial time of the wall clock. Defaults to the beginning of 2026 (UTC).</param>
    public TestTimeProvider(DateTimeOffset? start = null)
    {
        DateTimeOffset first = start ?? new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        _start = first.ToUniversalTime();
    }

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

    /// <summary>Moves both clocks forward. Timers that become due fire in order, each when the clock shows its due time.</summary>
    /// <param name="by">The amount of time. It must not be negative.</param>
    /// <exception cref="ArgumentOutOfRangeException">
    /// <paramref name="by"/> is negative. To move the wall clock back, use <see cref="JumpWallClock"/>.
    /// </exception>
    public void Advance(TimeSpan by)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(by, TimeSpan.Zero);
        TimeSpan end;
        lock (_gate)
        {
            end = _elapsed + by;
        }

        while (MoveToNextTimer(end) is { } timer)
        {
            timer.Fire();
        }
    }

    /// <summary>
    /// Advances the clock until a task completes, for instance a call that waits for a slow response or between two attempts.
    /// </summary>
    /// <param name="task">The task.</param>
    /// <param name="max">The longest time to advance. Defaults to 10 minutes.</param>
    /// <returns>A task that completes when <paramref name="task"/> has completed, also with an error. Await <paramref name="task"/> for its
    /// result.</returns>
    /// <exception cref="TestAssertionException">The task did not complete.</exception>
    public async Task AdvanceUntilCompletedAsync(Task task, TimeSpan? max = null)
    {
        ArgumentNullException.ThrowIfNull(task);
        TimeSpan limit = max ?? TimeSpan.FromMinutes(10);
        for (TimeSpan advanced = TimeSpan.Zero; !await IsCompletedSoonAsync(task).ConfigureAwait(false); advanced += Step)
        {
            if (advanced >= limit)
            {
                throw new TestAssertionException($"The task did not complete while the clock advanced by {limit}.");
            }

            Advance(Step);
        }
    }

    /// <summary>Moves the wall clock only, as when the machine was suspended or the system time was changed. No timer fires.</summary>
    /// <param name="by">The amount of time. It is negative for a jump back.</param>
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

    private static async Task<bool> IsCompletedSoonAsync(Task task) =>
        await Task.WhenAny(task, Task.Delay(RealTimeForEachStep, System)).ConfigureAwait(false) == task;

    // Moves the clock to the due time of the next timer, or to the end if no timer is due.
    private Timer? MoveToNextTimer(TimeSpan end)
    {
        lock (_gate)
        {
            Timer? next = _timers.Where(timer => timer.DueAt <= end).MinBy(timer => timer.DueAt);
            TimeSpan target = next?.DueAt ?? end;
            if (target > _elapsed)
            {
                _elapsed = target;
            }

            next?.ScheduleNextPeriod_NeedsLock();
            return next;
        }
    }

    private sealed class Timer(TestTimeProvider time, TimerCallback callback, object? state) : ITimer
    {
        private TimeSpan _period;

        public TimeSpan DueAt { get; private set; }

        public void Fire() => callback(state);

        // A timer without a period fires once.
        public void ScheduleNextPeriod_NeedsLock()
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

            // A timer that is due immediately fires without a move of the clock, as the timers of .NET do.
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
