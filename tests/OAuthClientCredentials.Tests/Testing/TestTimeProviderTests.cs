using OAuthClientCredentials.Testing;

namespace OAuthClientCredentials.Tests.Testing;

public sealed class TestTimeProviderTests
{
    private readonly TestTimeProvider _time = new();

    [Fact]
    public void Both_clocks_advance_together_and_the_wall_clock_jumps_alone()
    {
        DateTimeOffset start = _time.GetUtcNow();
        long timestamp = _time.GetTimestamp();
        _time.Advance(TimeSpan.FromSeconds(5));
        TimeSpan advanced = TimeSpan.FromSeconds(5);
        Assert.Equal((advanced, advanced), (_time.GetUtcNow() - start, _time.GetElapsedTime(timestamp)));
        _time.JumpWallClock(TimeSpan.FromHours(-1));
        TimeSpan jumped = TimeSpan.FromSeconds(5 - 3600);
        Assert.Equal((jumped, advanced), (_time.GetUtcNow() - start, _time.GetElapsedTime(timestamp)));
        Assert.Throws<ArgumentOutOfRangeException>(() => _time.Advance(TimeSpan.FromTicks(-1)));
    }

    [Fact]
    public void Timers_fire_in_order_and_at_their_time()
    {
        List<string> fired = [];
        void Note(object? name) => fired.Add($"{name} {_time.GetUtcNow():ss}");
        using ITimer late = _time.CreateTimer(Note, "late", TimeSpan.FromSeconds(5), Timeout.InfiniteTimeSpan);
        using ITimer early = _time.CreateTimer(Note, "early", TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan);
        using ITimer often = _time.CreateTimer(Note, "often", TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(2));
        using ITimer never = _time.CreateTimer(Note, "never", Timeout.InfiniteTimeSpan, TimeSpan.FromSeconds(1));
        using ITimer gone = _time.CreateTimer(Note, "gone", TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan);
        gone.Dispose();
        _time.JumpWallClock(TimeSpan.Zero);
        _time.Advance(TimeSpan.FromSeconds(6));
        Assert.Equal(["early 01", "often 02", "often 04", "late 05", "often 06"], fired);
    }

    [Fact]
    public void Timer_can_be_changed_by_its_own_callback()
    {
        int fired = 0;
        ITimer? timer = null;
        timer = _time.CreateTimer(Change, null, TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan);
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(3, fired);
        using ITimer now = _time.CreateTimer(_ => fired++, null, TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        Assert.Equal(4, fired);
        timer.Dispose();

        void Change(object? state)
        {
            TimeSpan next = ++fired < 3 ? TimeSpan.FromSeconds(1) : Timeout.InfiniteTimeSpan;
            timer!.Change(next, Timeout.InfiniteTimeSpan);
        }
    }

    [Fact]
    public async Task Platform_timers_use_the_clock()
    {
        Task delay = Task.Delay(TimeSpan.FromDays(40), _time);
        using CancellationTokenSource timeout = new(TimeSpan.FromSeconds(10), _time);
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.True(timeout.IsCancellationRequested);
        Assert.False(delay.IsCompleted);
        _time.Advance(TimeSpan.FromDays(40));
        await delay;
    }
}
