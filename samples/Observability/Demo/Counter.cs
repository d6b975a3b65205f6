namespace Observability.Demo;

/// <summary>Counts successes and failures, in total and in each of the last seconds. Thread-safe.</summary>
internal sealed class Counter(TimeProvider timeProvider)
{
    private const int Seconds = 60;

    private readonly Lock _gate = new();
    private readonly int[] _ok = new int[Seconds];
    private readonly int[] _failed = new int[Seconds];
    private long _now = timeProvider.GetUtcNow().ToUnixTimeSeconds();
    private int _totalOk;
    private int _totalFailed;

    public void Add(bool succeeded)
    {
        lock (_gate)
        {
            MoveToNow_NeedsLock();
            long place = _now % Seconds;
            if (succeeded)
            {
                _totalOk++;
                _ok[place]++;
            }
            else
            {
                _totalFailed++;
                _failed[place]++;
            }
        }
    }

    /// <summary>The totals, and the counts of each of the last 60 seconds, the present second last.</summary>
    public Counts Read()
    {
        lock (_gate)
        {
            MoveToNow_NeedsLock();
            int[] order = [.. Enumerable.Range(1, Seconds).Select(age => (int)((_now + age) % Seconds))];
            return new(_totalOk, _totalFailed, [.. order.Select(place => _ok[place])], [.. order.Select(place => _failed[place])]);
        }
    }

    private void MoveToNow_NeedsLock()
    {
        long now = timeProvider.GetUtcNow().ToUnixTimeSeconds();
        for (long second = Math.Max(_now + 1, now - Seconds + 1); second <= now; second++)
        {
            _ok[second % Seconds] = 0;
            _failed[second % Seconds] = 0;
        }

        _now = Math.Max(_now, now);
    }
}

internal sealed record Counts(int Ok, int Failed, int[] OkPerSecond, int[] FailedPerSecond);
